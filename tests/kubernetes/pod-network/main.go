// The pods' network of the lab. The images of flannel and calico are not to be had without the internet, so this does what flannel
// does with its back end host-gw, with the CNI plugins that the base image brings: each node's range of addresses, which Kubernetes
// gives it, goes into its CNI configuration, and routes lead to the ranges of the others.
//
// The plugin is ptp, which routes every packet of a pod: a bridge would need br_netfilter for services whose pods lie on one node.
package main

import (
	"encoding/json"
	"errors"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/vishvananda/netlink"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

const (
	// The mark of our routes among the kernel's: of the numbers that rtnetlink.h leaves to anybody.
	protocol = 84
	folder   = "/etc/cni/net.d"
	name     = "10-pod-network.conflist"
)

type object = map[string]interface{}

func main() {
	self := os.Getenv("NODE_NAME")
	config, err := rest.InClusterConfig()
	if err != nil {
		log.Fatal(err)
	}
	factory := informers.NewSharedInformerFactory(kubernetes.NewForConfigOrDie(config), 0)
	nodes := factory.Core().V1().Nodes()
	changed := make(chan struct{}, 1)
	wake := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	nodes.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(interface{}) { wake() },
		UpdateFunc: func(_, _ interface{}) { wake() },
		DeleteFunc: func(interface{}) { wake() },
	})
	never := make(chan struct{})
	factory.Start(never)
	cache.WaitForCacheSync(never, nodes.Informer().HasSynced)
	said := ""
	for {
		list, err := nodes.Lister().List(labels.Everything())
		if err == nil {
			err = arrange(self, list)
		}
		if err != nil && err.Error() != said {
			said = err.Error()
			log.Print(said)
		}
		// What others may have taken away comes back.
		select {
		case <-changed:
		case <-time.After(10 * time.Second):
		}
	}
}

func arrange(self string, nodes []*v1.Node) error {
	wanted := map[string]*netlink.Route{}
	var own []string
	for _, node := range nodes {
		if node.Name == self {
			own = rangesOf(node)
			continue
		}
		for _, text := range rangesOf(node) {
			_, destination, err := net.ParseCIDR(text)
			if err != nil {
				return err
			}
			if gateway := addressOf(node, destination.IP.To4() != nil); gateway != nil {
				wanted[destination.String()] = &netlink.Route{Dst: destination, Gw: gateway, Protocol: protocol}
			}
		}
	}
	if len(own) == 0 {
		return errors.New("this node has no range of addresses for pods yet")
	}
	if err := writeConfiguration(own); err != nil {
		return err
	}
	for _, text := range own {
		for _, side := range []string{"-s", "-d"} {
			if err := accept(side, text); err != nil {
				return err
			}
		}
	}
	return route(wanted)
}

// rangesOf gives the ranges of a node's pods, of either family.
func rangesOf(node *v1.Node) []string {
	if len(node.Spec.PodCIDRs) > 0 || node.Spec.PodCIDR == "" {
		return node.Spec.PodCIDRs
	}
	return []string{node.Spec.PodCIDR}
}

func addressOf(node *v1.Node, v4 bool) net.IP {
	for _, address := range node.Status.Addresses {
		if ip := net.ParseIP(address.Address); address.Type == v1.NodeInternalIP && ip != nil && (ip.To4() != nil) == v4 {
			return ip
		}
	}
	return nil
}

func writeConfiguration(own []string) error {
	var ranges [][]object
	var routes []object
	for _, text := range own {
		everywhere := "0.0.0.0/0"
		if ip, _, err := net.ParseCIDR(text); err == nil && ip.To4() == nil {
			everywhere = "::/0"
		}
		ranges = append(ranges, []object{{"subnet": text}})
		routes = append(routes, object{"dst": everywhere})
	}
	text, err := json.MarshalIndent(object{
		"cniVersion": "0.3.1",
		"name":       "pod-network",
		"plugins": []object{
			{"type": "ptp", "ipMasq": true, "ipam": object{"type": "host-local", "ranges": ranges, "routes": routes}},
			{"type": "portmap", "capabilities": object{"portMappings": true}},
		},
	}, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(folder, name)
	if before, err := os.ReadFile(path); err == nil && string(before) == string(text) {
		return nil
	}
	// The runtime reads the folder at any time, and takes no file that ends otherwise.
	if err := os.WriteFile(path+".new", text, 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// accept lets pods' packets through where, as docker does it, none are by default.
func accept(side, text string) error {
	program := "iptables"
	if ip, _, err := net.ParseCIDR(text); err == nil && ip.To4() == nil {
		program = "ip6tables"
	}
	rule := []string{"FORWARD", side, text, "-m", "comment", "--comment", "pod network", "-j", "ACCEPT"}
	if exec.Command(program, append([]string{"-w", "-C"}, rule...)...).Run() == nil {
		return nil
	}
	if said, err := exec.Command(program, append([]string{"-w", "-A"}, rule...)...).CombinedOutput(); err != nil {
		return errors.New(program + ": " + string(said))
	}
	return nil
}

func route(wanted map[string]*netlink.Route) error {
	for _, kind := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		present, err := netlink.RouteListFiltered(kind, &netlink.Route{Protocol: protocol}, netlink.RT_FILTER_PROTOCOL)
		if err != nil {
			return err
		}
		for i := range present {
			if _, stays := wanted[present[i].Dst.String()]; !stays {
				if err := netlink.RouteDel(&present[i]); err != nil {
					return err
				}
			}
		}
	}
	var failed error
	for _, route := range wanted {
		if err := netlink.RouteReplace(route); err != nil {
			failed = errors.New("route to " + route.Dst.String() + ": " + err.Error())
		}
	}
	return failed
}
