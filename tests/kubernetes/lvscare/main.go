// Stands in for sealer's lvscare, of which no package is to be had: "lvscare care" keeps the kernel's virtual server, with those
// real servers that answer. It takes any answer over HTTP for health, as lvscare does.
package main

import (
	"crypto/tls"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/moby/ipvs"
	"github.com/spf13/cobra"
)

var (
	virtual, path, scheme string
	real                  []string
	interval              int
	once                  bool
)

func main() {
	root := &cobra.Command{Use: "lvscare"}
	care := &cobra.Command{Use: "care", Run: func(*cobra.Command, []string) { keep() }}
	care.Flags().StringVar(&virtual, "vs", "", "the virtual server, ADDRESS:PORT")
	care.Flags().StringSliceVar(&real, "rs", nil, "a real server, ADDRESS:PORT")
	care.Flags().StringVar(&path, "health-path", "/healthz", "what a server is asked")
	care.Flags().StringVar(&scheme, "health-schem", "https", "http or https")
	care.Flags().IntVar(&interval, "interval", 5, "seconds")
	care.Flags().BoolVar(&once, "run-once", false, "and no more")
	root.AddCommand(care)
	if root.Execute() != nil {
		os.Exit(1)
	}
}

func keep() {
	handle, err := ipvs.New("")
	if err != nil {
		log.Fatalf("this kernel has no ipvs: %v", err)
	}
	address, port := split(virtual)
	service := &ipvs.Service{Address: address, Port: port, Protocol: syscall.IPPROTO_TCP, SchedName: ipvs.RoundRobin, AddressFamily: family(address), Netmask: 0xffffffff}
	client := &http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
		DisableKeepAlives: true,
	}}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	for {
		if !handle.IsServicePresent(service) {
			log.Print("new virtual server ", virtual, ": ", handle.NewService(service))
		}
		known, err := handle.GetDestinations(service)
		if err != nil {
			log.Print(err)
		}
		present := map[string]*ipvs.Destination{}
		for _, destination := range known {
			present[net.JoinHostPort(destination.Address.String(), strconv.Itoa(int(destination.Port)))] = destination
		}
		for _, server := range real {
			destination, isThere := present[server]
			delete(present, server)
			switch lives := answers(client, server); {
			case lives && !isThere:
				address, port := split(server)
				added := &ipvs.Destination{Address: address, Port: port, Weight: 1, ConnectionFlags: ipvs.ConnectionFlagMasq, AddressFamily: family(address)}
				log.Print(server, " comes: ", handle.NewDestination(service, added))
			case !lives && isThere:
				log.Print(server, " goes: ", handle.DelDestination(service, destination))
			}
		}
		for server, destination := range present {
			log.Print(server, " is not wanted: ", handle.DelDestination(service, destination))
		}
		if once {
			return
		}
		select {
		case <-stop:
			return
		case <-time.After(time.Duration(interval) * time.Second):
		}
	}
}

func answers(client *http.Client, server string) bool {
	response, err := client.Get(scheme + "://" + server + path)
	if err != nil {
		return false
	}
	response.Body.Close()
	return true
}

func split(text string) (net.IP, uint16) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		log.Fatal(err)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || net.ParseIP(host) == nil {
		log.Fatalf("%q is no address with a port", text)
	}
	return net.ParseIP(host), uint16(number)
}

func family(address net.IP) uint16 {
	if address.To4() != nil {
		return syscall.AF_INET
	}
	return syscall.AF_INET6
}
