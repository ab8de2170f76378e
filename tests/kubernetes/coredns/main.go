// Stands in for CoreDNS, which Debian has not: the names of services and of the pods behind them, as Kubernetes' specification of
// DNS wants them, from the API. Of the Corefile it reads the zone alone. In a closed network no other name exists, so it forwards
// nothing.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/miekg/dns"
	v1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

const (
	ttl        = 30
	byAddress  = "address"
	reverseV4  = ".in-addr.arpa."
	reverseV6  = ".ip6.arpa."
	metricText = "# TYPE coredns_build_info gauge\ncoredns_build_info{version=\"stand-in\"} 1\n"
)

type zone struct {
	name      string
	services  cache.Indexer
	endpoints cache.Indexer
}

func main() {
	corefile := flag.String("conf", "Corefile", "the Corefile")
	flag.Parse()
	config, err := rest.InClusterConfig()
	if err != nil {
		log.Fatal(err)
	}

	factory := informers.NewSharedInformerFactory(kubernetes.NewForConfigOrDie(config), 0)
	services, endpoints := factory.Core().V1().Services().Informer(), factory.Core().V1().Endpoints().Informer()
	if err := services.AddIndexers(cache.Indexers{byAddress: addressesOf}); err != nil {
		log.Fatal(err)
	}
	z := &zone{zoneOf(*corefile), services.GetIndexer(), endpoints.GetIndexer()}

	var ready int32
	go serve(":8080", "/health", func() bool { return true })
	go serve(":8181", "/ready", func() bool { return atomic.LoadInt32(&ready) == 1 })
	go serve(":9153", "/metrics", func() bool { return true })
	never := make(chan struct{})
	factory.Start(never)
	cache.WaitForCacheSync(never, services.HasSynced, endpoints.HasSynced)
	for _, network := range []string{"udp", "tcp"} {
		server := &dns.Server{Addr: ":53", Net: network, Handler: z}
		go func() { log.Fatal(server.ListenAndServe()) }()
	}
	atomic.StoreInt32(&ready, 1)
	log.Printf("serving %s", z.name)

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	<-stop
	// Until every node knows that this one is gone.
	atomic.StoreInt32(&ready, 0)
	time.Sleep(2 * time.Second)
}

func serve(address, path string, well func() bool) {
	mux := http.NewServeMux()
	mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !well():
			w.WriteHeader(http.StatusServiceUnavailable)
		case path == "/metrics":
			fmt.Fprint(w, metricText)
		default:
			fmt.Fprint(w, "OK")
		}
	})
	log.Fatal(http.ListenAndServe(address, mux))
}

// zoneOf reads the line "kubernetes ZONE ..." of a Corefile.
func zoneOf(corefile string) string {
	text, err := os.ReadFile(corefile)
	if err != nil {
		log.Fatal(err)
	}
	for _, line := range strings.Split(string(text), "\n") {
		if words := strings.Fields(line); len(words) > 1 && words[0] == "kubernetes" {
			return dns.Fqdn(words[1])
		}
	}
	log.Fatalf("%s has no line that begins with 'kubernetes'", corefile)
	return ""
}

func addressesOf(object interface{}) ([]string, error) {
	return object.(*v1.Service).Spec.ClusterIPs, nil
}

func (z *zone) ServeDNS(w dns.ResponseWriter, request *dns.Msg) {
	reply := new(dns.Msg)
	reply.SetReply(request)
	reply.Authoritative = true
	reply.Rcode = dns.RcodeNameError
	for _, question := range request.Question {
		name := strings.ToLower(question.Name)
		var exists bool
		switch {
		case strings.HasSuffix(name, reverseV4) || strings.HasSuffix(name, reverseV6):
			exists = z.reverse(reply, question, name)
		case strings.HasSuffix(name, "."+z.name):
			exists = z.forward(reply, question, dns.SplitDomainName(strings.TrimSuffix(name, z.name)))
		}
		if exists {
			reply.Rcode = dns.RcodeSuccess
		}
	}
	if err := w.WriteMsg(reply); err != nil {
		log.Print(err)
	}
}

// forward answers [NAME | _PORT _PROTOCOL] SERVICE NAMESPACE svc, and says whether the name exists.
func (z *zone) forward(reply *dns.Msg, question dns.Question, labels []string) bool {
	if len(labels) == 1 && labels[0] == "dns-version" {
		reply.Answer = append(reply.Answer, &dns.TXT{Hdr: header(question.Name, dns.TypeTXT), Txt: []string{"1.1.0"}})
		return true
	}
	if len(labels) < 3 || labels[len(labels)-1] != "svc" {
		return false
	}
	rest, name, namespace := labels[:len(labels)-3], labels[len(labels)-3], labels[len(labels)-2]
	found, exists, err := z.services.GetByKey(namespace + "/" + name)
	if err != nil || !exists {
		return false
	}
	service := found.(*v1.Service)
	if service.Spec.Type == v1.ServiceTypeExternalName {
		reply.Answer = append(reply.Answer, &dns.CNAME{Hdr: header(question.Name, dns.TypeCNAME), Target: dns.Fqdn(service.Spec.ExternalName)})
		return true
	}
	headless := service.Spec.ClusterIP == v1.ClusterIPNone
	switch {
	case len(rest) == 0 && !headless:
		for _, address := range service.Spec.ClusterIPs {
			answer(reply, question, address)
		}
		return true
	case len(rest) == 0:
		return z.each(service, func(address v1.EndpointAddress) bool { answer(reply, question, address.IP); return true })
	case len(rest) == 1 && headless:
		return z.each(service, func(address v1.EndpointAddress) bool {
			if nameOf(address) != rest[0] {
				return false
			}
			answer(reply, question, address.IP)
			return true
		})
	case len(rest) == 2 && strings.HasPrefix(rest[0], "_") && strings.HasPrefix(rest[1], "_"):
		for _, port := range service.Spec.Ports {
			if "_"+port.Name != rest[0] || "_"+strings.ToLower(string(port.Protocol)) != rest[1] {
				continue
			}
			if question.Qtype == dns.TypeSRV {
				target := fmt.Sprintf("%s.%s.svc.%s", name, namespace, z.name)
				reply.Answer = append(reply.Answer, &dns.SRV{Hdr: header(question.Name, dns.TypeSRV), Priority: 0, Weight: 100, Port: uint16(port.Port), Target: target})
			}
			return true
		}
	}
	return false
}

// each says whether any address behind a service was taken.
func (z *zone) each(service *v1.Service, take func(v1.EndpointAddress) bool) bool {
	found, exists, err := z.endpoints.GetByKey(service.Namespace + "/" + service.Name)
	if err != nil || !exists {
		return false
	}
	taken := false
	for _, subset := range found.(*v1.Endpoints).Subsets {
		addresses := subset.Addresses
		if service.Spec.PublishNotReadyAddresses {
			addresses = append(append([]v1.EndpointAddress{}, addresses...), subset.NotReadyAddresses...)
		}
		for _, address := range addresses {
			taken = take(address) || taken
		}
	}
	return taken
}

func (z *zone) reverse(reply *dns.Msg, question dns.Question, name string) bool {
	found, err := z.services.ByIndex(byAddress, addressOf(name))
	if err != nil || len(found) == 0 {
		return false
	}
	for _, object := range found {
		service := object.(*v1.Service)
		reply.Answer = append(reply.Answer, &dns.PTR{Hdr: header(question.Name, dns.TypePTR), Ptr: fmt.Sprintf("%s.%s.svc.%s", service.Name, service.Namespace, z.name)})
	}
	return true
}

// addressOf turns 1.0.96.10.in-addr.arpa. into 10.96.0.1.
func addressOf(name string) string {
	if !strings.HasSuffix(name, reverseV4) {
		return ""
	}
	parts := strings.Split(strings.TrimSuffix(name, reverseV4), ".")
	for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
		parts[i], parts[j] = parts[j], parts[i]
	}
	return strings.Join(parts, ".")
}

func nameOf(address v1.EndpointAddress) string {
	if address.Hostname != "" {
		return address.Hostname
	}
	return strings.NewReplacer(".", "-", ":", "-").Replace(address.IP)
}

func answer(reply *dns.Msg, question dns.Question, address string) {
	ip := net.ParseIP(address)
	switch {
	case ip.To4() != nil && question.Qtype == dns.TypeA:
		reply.Answer = append(reply.Answer, &dns.A{Hdr: header(question.Name, dns.TypeA), A: ip})
	case ip != nil && ip.To4() == nil && question.Qtype == dns.TypeAAAA:
		reply.Answer = append(reply.Answer, &dns.AAAA{Hdr: header(question.Name, dns.TypeAAAA), AAAA: ip})
	}
}

func header(name string, kind uint16) dns.RR_Header {
	return dns.RR_Header{Name: name, Rrtype: kind, Class: dns.ClassINET, Ttl: ttl}
}
