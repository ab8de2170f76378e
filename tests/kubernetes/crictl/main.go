// Stands in for crictl, which Debian has not: what kubeadm calls and what is useful at a host, in crictl's words, over the CRI.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/golang/protobuf/jsonpb"
	"github.com/golang/protobuf/proto"
	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1alpha2"
	"sigs.k8s.io/yaml"
)

const (
	version  = "1.20.0-stand-in"
	settings = "/etc/crictl.yaml"
)

var (
	endpoint, output           string
	timeout                    time.Duration
	quiet, all, force, ignored bool
)

type client struct {
	context.Context
	cri.RuntimeServiceClient
	cri.ImageServiceClient
}

func main() {
	root := &cobra.Command{Use: "crictl", Version: version, SilenceUsage: true, SilenceErrors: true}
	root.SetVersionTemplate("crictl version {{.Version}}\n")
	root.PersistentFlags().StringVarP(&endpoint, "runtime-endpoint", "r", configured(), "the runtime's socket")
	root.PersistentFlags().StringP("image-endpoint", "i", "", "the same as the runtime's")
	root.PersistentFlags().DurationVarP(&timeout, "timeout", "t", 4*time.Minute, "how long to wait")
	root.PersistentFlags().BoolVarP(&ignored, "debug", "D", false, "more words")

	add(root, "version", func(c client, _ []string) error {
		r, err := c.Version(c, &cri.VersionRequest{})
		return show(r, err)
	})
	add(root, "info", func(c client, _ []string) error {
		r, err := c.Status(c, &cri.StatusRequest{Verbose: true})
		return show(r, err)
	})
	add(root, "pods", func(c client, _ []string) error {
		r, err := c.ListPodSandbox(c, &cri.ListPodSandboxRequest{})
		if err != nil || output == "json" {
			return show(r, err)
		}
		for _, pod := range r.Items {
			line(pod.Id, strings.TrimPrefix(pod.State.String(), "SANDBOX_"), pod.Metadata.Namespace, pod.Metadata.Name)
		}
		return nil
	})
	add(root, "ps", func(c client, _ []string) error {
		request := &cri.ListContainersRequest{}
		if !all {
			request.Filter = &cri.ContainerFilter{State: &cri.ContainerStateValue{State: cri.ContainerState_CONTAINER_RUNNING}}
		}
		r, err := c.ListContainers(c, request)
		if err != nil || output == "json" {
			return show(r, err)
		}
		for _, container := range r.Containers {
			line(container.Id, strings.TrimPrefix(container.State.String(), "CONTAINER_"), container.Metadata.Name, container.Image.Image)
		}
		return nil
	})
	images := add(root, "images", func(c client, _ []string) error {
		r, err := c.ListImages(c, &cri.ListImagesRequest{})
		if err != nil || output == "json" {
			return show(r, err)
		}
		for _, image := range r.Images {
			line(image.Id, strings.Join(append(image.RepoTags, image.RepoDigests...), " "), fmt.Sprint(image.Size_))
		}
		return nil
	})
	images.Aliases = []string{"image", "img"}
	add(root, "pull", func(c client, names []string) error {
		return each(names, func(name string) error {
			r, err := c.PullImage(c, &cri.PullImageRequest{Image: &cri.ImageSpec{Image: name}})
			if err == nil {
				fmt.Println("Image is up to date for", r.ImageRef)
			}
			return err
		})
	})
	add(root, "inspecti", func(c client, names []string) error {
		return each(names, func(name string) error {
			r, err := c.ImageStatus(c, &cri.ImageStatusRequest{Image: &cri.ImageSpec{Image: name}})
			if err == nil && r.Image == nil {
				err = fmt.Errorf("no such image %q present", name)
			}
			return show(r, err)
		})
	})
	add(root, "inspect", func(c client, ids []string) error {
		return each(ids, func(id string) error {
			r, err := c.ContainerStatus(c, &cri.ContainerStatusRequest{ContainerId: id, Verbose: true})
			return show(r, err)
		})
	})
	add(root, "stop", func(c client, ids []string) error {
		return each(ids, func(id string) error {
			_, err := c.StopContainer(c, &cri.StopContainerRequest{ContainerId: id})
			return err
		})
	})
	add(root, "rm", func(c client, ids []string) error {
		return each(ids, func(id string) error {
			_, err := c.RemoveContainer(c, &cri.RemoveContainerRequest{ContainerId: id})
			return err
		})
	})
	add(root, "stopp", func(c client, ids []string) error {
		return each(ids, func(id string) error {
			_, err := c.StopPodSandbox(c, &cri.StopPodSandboxRequest{PodSandboxId: id})
			return err
		})
	})
	add(root, "rmp", func(c client, ids []string) error {
		return each(ids, func(id string) error {
			if force {
				if _, err := c.StopPodSandbox(c, &cri.StopPodSandboxRequest{PodSandboxId: id}); err != nil {
					return err
				}
			}
			_, err := c.RemovePodSandbox(c, &cri.RemovePodSandboxRequest{PodSandboxId: id})
			return err
		})
	})
	add(root, "rmi", func(c client, names []string) error {
		return each(names, func(name string) error {
			_, err := c.RemoveImage(c, &cri.RemoveImageRequest{Image: &cri.ImageSpec{Image: name}})
			return err
		})
	})

	if err := root.Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "FATA[0000]", err)
		os.Exit(1)
	}
}

func add(root *cobra.Command, name string, run func(client, []string) error) *cobra.Command {
	command := &cobra.Command{Use: name, RunE: func(_ *cobra.Command, arguments []string) error {
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		defer cancel()
		// A dialer of our own: gRPC's asks for a proxy even where it goes to a socket.
		dial := func(ctx context.Context, path string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		}
		connection, err := grpc.DialContext(ctx, strings.TrimPrefix(endpoint, "unix://"),
			grpc.WithInsecure(), grpc.WithBlock(), grpc.FailOnNonTempDialError(true), grpc.WithContextDialer(dial))
		if err != nil {
			return fmt.Errorf("connect to %s: %v", endpoint, err)
		}
		defer connection.Close()
		return run(client{ctx, cri.NewRuntimeServiceClient(connection), cri.NewImageServiceClient(connection)}, arguments)
	}}
	command.Flags().BoolVarP(&quiet, "quiet", "q", false, "identities only")
	command.Flags().BoolVarP(&all, "all", "a", false, "what does not run too")
	command.Flags().BoolVarP(&force, "force", "f", false, "stop it first")
	command.Flags().StringVarP(&output, "output", "o", "", "json or nothing")
	root.AddCommand(command)
	return command
}

// configured is what the settings say, else where containerd listens.
func configured() string {
	var read struct {
		Endpoint string `json:"runtime-endpoint"`
	}
	if named := os.Getenv("CONTAINER_RUNTIME_ENDPOINT"); named != "" {
		return named
	}
	if text, err := os.ReadFile(settings); err == nil && yaml.Unmarshal(text, &read) == nil && read.Endpoint != "" {
		return read.Endpoint
	}
	return "unix:///run/containerd/containerd.sock"
}

func each(names []string, act func(string) error) error {
	if len(names) == 0 {
		return fmt.Errorf("name at least one")
	}
	for _, name := range names {
		if err := act(name); err != nil {
			return err
		}
	}
	return nil
}

func line(id string, words ...string) {
	if quiet {
		fmt.Println(id)
	} else {
		fmt.Println(id[:13] + "  " + strings.Join(words, "  "))
	}
}

func show(message proto.Message, err error) error {
	if err != nil {
		return err
	}
	text, err := (&jsonpb.Marshaler{EmitDefaults: true, Indent: "  "}).MarshalToString(message)
	if err == nil {
		fmt.Println(text)
	}
	return err
}
