package quicproto

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/huin/goupnp"
	"github.com/huin/goupnp/dcps/internetgateway2"
	"github.com/huin/goupnp/soap"
)

// upnp asks a router by UPnP (Internet Gateway Device, versions 1 and 2).
type upnp struct {
	gateway netip.Addr
	from    host
	port    uint16

	service  upnpService // once it was found
	external uint16      // the port that it gave
}

func (*upnp) String() string { return "UPnP" }

// upnpService is what the services have in common that a router may offer.
type upnpService interface {
	AddPortMappingCtx(ctx context.Context, remoteHost string, externalPort uint16, protocol string, internalPort uint16,
		internalClient string, enabled bool, description string, leaseSeconds uint32) error
	DeletePortMappingCtx(ctx context.Context, remoteHost string, externalPort uint16, protocol string) error
	GetExternalIPAddressCtx(ctx context.Context) (string, error)
}

// UPnP error codes (WANIPConnection:2, section 2.5).
const (
	upnpConflict      = 718 // the port leads elsewhere
	upnpOnlyPermanent = 725 // no leases
)

// upnpTries is how many ports are asked for.
const upnpTries = 3

func (u *upnp) add(ctx context.Context) (mapping, error) {
	if u.service == nil {
		service, err := u.find(ctx)
		if err != nil {
			return mapping{}, fmt.Errorf("UPnP: %w", err)
		}
		u.service, u.external = service, u.port
	}
	lease, err := u.addPort(ctx)
	if err != nil {
		u.service = nil // the router may be another one by now
		return mapping{}, fmt.Errorf("UPnP: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, mappingTimeout)
	defer cancel()
	outside, err := u.service.GetExternalIPAddressCtx(ctx)
	if err != nil {
		return mapping{}, fmt.Errorf("UPnP: %w", err)
	}
	ip, err := netip.ParseAddr(outside)
	if err != nil || !ip.Is4() {
		return mapping{}, errors.New("UPnP: the router knows no address of its own")
	}
	return mapping{external: netip.AddrPortFrom(ip, u.external), lifetime: lease}, nil
}

// addPort maps a port: the same as ours, or if that leads elsewhere another one.
func (u *upnp) addPort(ctx context.Context) (lease time.Duration, err error) {
	lease = mappingLifetime
	for range upnpTries {
		err = u.request(ctx, lease)
		switch upnpCode(err) {
		case upnpOnlyPermanent:
			lease = 0
		case upnpConflict:
			u.external = uint16(1024 + rand.IntN(1<<16-1024)) // unprivileged ports
		default:
			return lease, err
		}
	}
	return lease, err
}

func (u *upnp) request(ctx context.Context, lease time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, mappingTimeout)
	defer cancel()
	return u.service.AddPortMappingCtx(ctx, "", u.external, "UDP", u.port,
		u.from.ip.String(), true, "Prattle", uint32(lease/time.Second))
}

func upnpCode(err error) int {
	var fault *soap.SOAPFaultError
	if errors.As(err, &fault) {
		return fault.Detail.UPnPError.Errorcode
	}
	return 0
}

func (u *upnp) remove(ctx context.Context) {
	if u.service != nil {
		// If it fails, the mapping ends with its lease.
		_ = u.service.DeletePortMappingCtx(ctx, "", u.external, "UDP")
	}
}

// find looks for the service of the gateway.
func (u *upnp) find(ctx context.Context) (upnpService, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*mappingTimeout)
	defer cancel()
	location, err := searchGateway(ctx, u.from, u.gateway)
	if err != nil {
		return nil, err
	}
	web := u.httpClient()
	device, err := describeGateway(ctx, web, location)
	if err != nil {
		return nil, err
	}
	if c, err := internetgateway2.NewWANIPConnection2ClientsFromRootDevice(device, location); err == nil {
		c[0].SOAPClient.HTTPClient = *web
		return c[0], nil
	}
	if c, err := internetgateway2.NewWANIPConnection1ClientsFromRootDevice(device, location); err == nil {
		c[0].SOAPClient.HTTPClient = *web
		return c[0], nil
	}
	if c, err := internetgateway2.NewWANPPPConnection1ClientsFromRootDevice(device, location); err == nil {
		c[0].SOAPClient.HTTPClient = *web
		return c[0], nil
	}
	return nil, errors.New("the gateway forwards no ports")
}

// describeGateway fetches the description of a device.
func describeGateway(ctx context.Context, web *http.Client, location *url.URL) (*goupnp.RootDevice, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, location.String(), nil)
	if err != nil {
		return nil, err
	}
	answer, err := web.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", answer.StatusCode)
	}
	return parseGateway(answer.Body, location)
}

// parseGateway reads the description of a device.
func parseGateway(r io.Reader, location *url.URL) (*goupnp.RootDevice, error) {
	device := new(goupnp.RootDevice)
	d := xml.NewDecoder(r)
	d.DefaultSpace = goupnp.DeviceXMLNamespace
	if err := d.Decode(device); err != nil {
		return nil, fmt.Errorf("parse the description of the gateway: %w", err)
	}
	base := location
	if device.URLBaseStr != "" {
		var err error
		if base, err = url.Parse(device.URLBaseStr); err != nil {
			return nil, fmt.Errorf("parse the description of the gateway: %w", err)
		}
	}
	device.SetURLBase(base)
	return device, nil
}

// Bounds of what a gateway says.
const (
	maxGatewayHeader = 16 << 10
	maxGatewayBody   = 256 << 10 // descriptions are of some 10 KiB
)

// httpClient speaks to the gateway and to nobody else, wherever it points us.
func (u *upnp) httpClient() *http.Client {
	d := net.Dialer{Timeout: mappingTimeout, LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(u.from.ip, 0)), Control: u.from.pin(u.gateway)}
	return &http.Client{
		Timeout:       mappingTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: gatewayOnly{u.gateway, &http.Transport{
			DialContext: d.DialContext, DisableKeepAlives: true, DisableCompression: true,
			MaxResponseHeaderBytes: maxGatewayHeader,
		}},
	}
}

// gatewayOnly lets requests to one address pass, and so much of the answers.
type gatewayOnly struct {
	gateway netip.Addr
	next    http.RoundTripper
}

// RoundTrip sends r if it is for the gateway.
func (g gatewayOnly) RoundTrip(r *http.Request) (*http.Response, error) {
	if !pointsTo(r.URL, g.gateway) {
		return nil, errors.New("the gateway points elsewhere")
	}
	answer, err := g.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer.Body = limitedBody{io.LimitReader(answer.Body, maxGatewayBody), answer.Body}
	return answer, nil
}

type limitedBody struct {
	io.Reader
	io.Closer
}

// pointsTo says whether u is a page on a machine.
func pointsTo(u *url.URL, ip netip.Addr) bool {
	host, err := netip.ParseAddr(u.Hostname())
	return err == nil && u.Scheme == "http" && host == ip
}
