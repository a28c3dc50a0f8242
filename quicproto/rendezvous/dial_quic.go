package rendezvous

import (
	"context"
	"fmt"
	"net"

	"github.com/quic-go/quic-go"
)

// openQUIC connects over QUIC.
func (d *dialler) openQUIC(ctx context.Context, w way) (link, error) {
	socket, err := d.listen()
	if err != nil {
		return nil, fmt.Errorf("open a socket: %w", err)
	}
	transport := &quic.Transport{Conn: socket}
	conn, err := transport.Dial(ctx, net.UDPAddrFromAddrPort(w.addr()), d.tls, quicConfig())
	if err != nil {
		transport.Close()
		socket.Close()
		return nil, connectError(connectionError(err))
	}
	return &quicLink{conn, transport, socket}, nil
}

func connectError(err error) error { return fmt.Errorf("connect to the rendezvous server: %w", err) }

// listenAnywhere opens a socket on any port.
func listenAnywhere() (net.PacketConn, error) { return net.ListenUDP("udp", nil) }
