package quicproto

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// upnpRouter answers as an Internet gateway device does, on an address of loopback
// that is no other's.
type upnpRouter struct {
	addr     netip.Addr
	web      *httptest.Server
	location string // that SSDP tells; empty: the right one

	service string // it offers, such as WANIPConnection:1
	control string // URL for it

	mu     sync.Mutex
	faults []int // of the next requests to add a port
	mapped map[string]string
}

// startUPnP starts one, after change has made it what the test is about.
func startUPnP(t *testing.T, change func(*upnpRouter)) *upnpRouter {
	t.Helper()
	r := &upnpRouter{addr: netip.MustParseAddr("127.0.19.0"), service: "WANIPConnection:1", control: "/control", mapped: make(map[string]string)}
	search, err := net.ListenUDP("udp4", &net.UDPAddr{IP: r.addr.AsSlice(), Port: ssdpPort})
	if err != nil {
		t.Skipf("cannot take the part of a router: %v", err)
	}
	listener, err := net.Listen("tcp4", netip.AddrPortFrom(r.addr, 0).String())
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/device.xml", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, r.description()) })
	mux.HandleFunc("/control", r.serveControl)
	r.web = &httptest.Server{Listener: listener, Config: &http.Server{Handler: mux}}
	change(r)
	r.web.Start()
	var serving sync.WaitGroup
	serving.Go(func() { r.serveSearch(search) })
	t.Cleanup(func() {
		search.Close()
		serving.Wait()
		r.web.Close()
	})
	return r
}

func (r *upnpRouter) serveSearch(c *net.UDPConn) {
	var b [2000]byte
	for {
		_, from, err := c.ReadFromUDPAddrPort(b[:])
		if err != nil {
			return
		}
		location := r.location
		if location == "" {
			location = r.web.URL + "/device.xml"
		}
		c.WriteToUDPAddrPort(fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nLOCATION: %s\r\nST: x\r\n\r\n", location), from)
	}
}

func (r *upnpRouter) description() string {
	return `<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><device><deviceList><device><serviceList><service>` +
		`<serviceType>urn:schemas-upnp-org:service:` + r.service + `</serviceType><controlURL>` + r.control + `</controlURL>` +
		`</service></serviceList></device></deviceList></device></root>`
}

func (r *upnpRouter) serveControl(w http.ResponseWriter, q *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	body, _ := io.ReadAll(q.Body)
	action := strings.Trim(q.Header.Get("SOAPACTION"), `"`)
	_, action, _ = strings.Cut(action, "#")
	field := func(name string) string {
		_, rest, _ := strings.Cut(string(body), "<"+name+">")
		value, _, _ := strings.Cut(rest, "<")
		return value
	}
	var answer string
	switch port := field("NewExternalPort"); action {
	case "AddPortMapping":
		if len(r.faults) > 0 {
			r.fault(w)
			return
		}
		r.mapped[port] = field("NewInternalClient") + ":" + field("NewInternalPort") + " for " + field("NewLeaseDuration")
	case "DeletePortMapping":
		delete(r.mapped, port)
	case "GetExternalIPAddress":
		answer = "<NewExternalIPAddress>192.0.2.7</NewExternalIPAddress>"
	}
	fmt.Fprintf(w, `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><u:%sResponse xmlns:u="x">%s</u:%sResponse></s:Body></s:Envelope>`, action, answer, action)
}

func (r *upnpRouter) fault(w http.ResponseWriter) {
	w.WriteHeader(http.StatusInternalServerError)
	fmt.Fprintf(w, `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Client</faultcode><faultstring>UPnPError</faultstring>`+
		`<detail><UPnPError xmlns="urn:schemas-upnp-org:control-1-0"><errorCode>%d</errorCode></UPnPError></detail></s:Fault></s:Body></s:Envelope>`, r.faults[0])
	r.faults = r.faults[1:]
}

// forwards says where a port leads.
func (r *upnpRouter) forwards(port uint16) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mapped[fmt.Sprint(port)]
}

func TestUPnP(t *testing.T) {
	for _, c := range []struct {
		service  string
		faults   []int
		want     string
		lifetime time.Duration
		samePort bool
	}{
		{"WANIPConnection:1", nil, "127.0.0.1:7000 for 3600", time.Hour, true},
		{"WANIPConnection:2", nil, "127.0.0.1:7000 for 3600", time.Hour, true},
		{"WANPPPConnection:1", nil, "127.0.0.1:7000 for 3600", time.Hour, true},
		{"WANIPConnection:1", []int{upnpOnlyPermanent}, "127.0.0.1:7000 for 0", 0, true},
		{"WANIPConnection:1", []int{upnpConflict}, "127.0.0.1:7000 for 3600", time.Hour, false},
	} {
		t.Run(fmt.Sprint(c.service, c.faults), func(t *testing.T) {
			router := startUPnP(t, func(r *upnpRouter) { r.service, r.faults = c.service, c.faults })
			u := &upnp{gateway: router.addr, from: loopback, port: 7000}
			m, err := u.add(t.Context())
			if err != nil || m.lifetime != c.lifetime || m.external.Addr().String() != "192.0.2.7" || (m.external.Port() == 7000) != c.samePort {
				t.Fatalf("mapping %v, %v", m, err)
			}
			if got := router.forwards(m.external.Port()); got != c.want {
				t.Errorf("the router forwards to %s, want %s", got, c.want)
			}
			if again, err := u.add(t.Context()); err != nil || again.external != m.external {
				t.Errorf("renewed: %v, %v", again, err)
			}
			u.remove(t.Context())
			if got := router.forwards(m.external.Port()); got != "" {
				t.Errorf("left: %v", got)
			}
		})
	}
}

// TestUPnPSpeaksToTheGatewayAlone has a router point elsewhere in every way.
func TestUPnPSpeaksToTheGatewayAlone(t *testing.T) {
	victim := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) { t.Errorf("asked for %v", q.URL) }))
	defer victim.Close()
	for name, change := range map[string]func(*upnpRouter){
		"location": func(r *upnpRouter) { r.location = victim.URL },
		"control":  func(r *upnpRouter) { r.control = victim.URL + "/control" },
		"redirect": func(r *upnpRouter) {
			r.web.Config.Handler = http.RedirectHandler(victim.URL, http.StatusFound)
		},
	} {
		t.Run(name, func(t *testing.T) {
			router := startUPnP(t, change)
			u := &upnp{gateway: router.addr, from: loopback, port: 7000}
			if m, err := u.add(t.Context()); err == nil {
				t.Errorf("mapping %v", m)
			}
		})
	}
}

func TestPointsTo(t *testing.T) {
	gateway := netip.MustParseAddr("192.0.2.1")
	for s, want := range map[string]bool{
		"http://192.0.2.1/": true, "http://192.0.2.1:5000/x": true, "http://192.0.2.2/": false, "http://gateway/": false,
		"https://192.0.2.1/": false, "file://192.0.2.1/etc/passwd": false, "//192.0.2.1/": false, "http://192.0.2.1@192.0.2.2/": false,
	} {
		u, err := url.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		if got := pointsTo(u, gateway); got != want {
			t.Errorf("%s points to the gateway: %v", s, got)
		}
	}
}

func TestUPnPIsBounded(t *testing.T) {
	endless := http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		io.WriteString(w, `<root xmlns="urn:schemas-upnp-org:device-1-0"><device>`)
		for q.Context().Err() == nil {
			if _, err := io.WriteString(w, strings.Repeat("<friendlyName>x</friendlyName>", 1000)); err != nil {
				return
			}
		}
	})
	router := startUPnP(t, func(r *upnpRouter) { r.web.Config.Handler = endless })
	u := &upnp{gateway: router.addr, from: loopback, port: 7000}
	if m, err := u.add(context.Background()); err == nil {
		t.Errorf("mapping %v", m)
	}
}

func FuzzParseSSDP(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nLOCATION: http://192.0.2.1:5000/rootDesc.xml\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if u, err := parseSSDP(b); err == nil && u == nil {
			t.Fatal("neither a location nor an error")
		}
	})
}

func FuzzParseGateway(f *testing.F) {
	f.Add((&upnpRouter{service: "WANIPConnection:1", control: "/c"}).description())
	f.Add(`<root xmlns="urn:schemas-upnp-org:device-1-0"><URLBase>http://[::1</URLBase></root>`)
	location, err := url.Parse("http://192.0.2.1:5000/")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := parseGateway(strings.NewReader(s), location); err == nil && d == nil {
			t.Fatal("neither a device nor an error")
		}
	})
}
