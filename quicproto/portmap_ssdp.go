package quicproto

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"golang.org/x/net/ipv4"
)

// ssdpPort and ssdpGroup are where UPnP devices listen (UPnP Device Architecture
// 2.0, section 1.3).
const ssdpPort = 1900

var ssdpGroup = netip.AddrFrom4([4]byte{239, 255, 255, 250})

// gatewayTypes are the devices looked for.
var gatewayTypes = []string{
	"urn:schemas-upnp-org:device:InternetGatewayDevice:1",
	"urn:schemas-upnp-org:device:InternetGatewayDevice:2",
}

const (
	// ssdpRepeat is when the question is repeated: multicast gets lost.
	ssdpRepeat = 700 * time.Millisecond
	ssdpTries  = 3
	// maxSSDPAnswers bounds the packets that are looked at: one chatty device must
	// not keep us.
	maxSSDPAnswers = 64
	// ssdpHops bounds how far the question travels (section 1.3.2).
	ssdpHops = 2
)

// searchGateway asks by SSDP where the description of the gateway is. Answers of
// other machines are not looked at.
func searchGateway(ctx context.Context, from host, gateway netip.Addr) (*url.URL, error) {
	lc := net.ListenConfig{Control: from.pin(gateway)}
	c, err := lc.ListenPacket(ctx, "udp4", netip.AddrPortFrom(from.ip, 0).String())
	if err != nil {
		return nil, fmt.Errorf("search the gateway: %w", err)
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	p := ipv4.NewPacketConn(c)
	// Where these fail, the gateway's own address is asked all the same.
	_ = p.SetMulticastInterface(&net.Interface{Index: from.iface})
	_ = p.SetMulticastTTL(ssdpHops)
	for range ssdpTries {
		askGateway(c, gateway)
		if location := awaitGateway(c, gateway); location != nil {
			return location, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return nil, errors.New("no gateway answers")
}

func askGateway(c net.PacketConn, gateway netip.Addr) {
	for _, to := range []netip.Addr{gateway, ssdpGroup} {
		for _, device := range gatewayTypes {
			request := fmt.Sprintf("M-SEARCH * HTTP/1.1\r\nHOST: %v:%d\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: %s\r\n\r\n", to, ssdpPort, device)
			// One of them has to arrive.
			_, _ = c.WriteTo([]byte(request), net.UDPAddrFromAddrPort(netip.AddrPortFrom(to, ssdpPort)))
		}
	}
}

// awaitGateway waits a while for the gateway to say where its description is.
func awaitGateway(c net.PacketConn, gateway netip.Addr) *url.URL {
	c.SetReadDeadline(time.Now().Add(ssdpRepeat))
	var b [2048]byte
	for range maxSSDPAnswers {
		n, from, err := c.ReadFrom(b[:])
		if err != nil {
			return nil
		}
		if u, ok := from.(*net.UDPAddr); !ok || u.AddrPort().Addr().Unmap() != gateway {
			continue
		}
		if location, err := parseSSDP(b[:n]); err == nil && pointsTo(location, gateway) {
			return location
		}
	}
	return nil
}

// parseSSDP reads where the description of a device is.
func parseSSDP(b []byte) (*url.URL, error) {
	r, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(b)), nil)
	if err != nil {
		return nil, fmt.Errorf("parse SSDP: %w", err)
	}
	r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("parse SSDP: status %d", r.StatusCode)
	}
	location, err := r.Location()
	if err != nil {
		return nil, fmt.Errorf("parse SSDP: %w", err)
	}
	return location, nil
}
