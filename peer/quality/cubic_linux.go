package quality

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// A cubic is a download by TCP Cubic from the near end of a line to the far one,
// as fast as the link lets it.
type cubic struct {
	listener   net.Listener
	ends       [2]net.Conn
	conveyance sync.WaitGroup
}

const cubicPort = 8080

// startCubic begins a download over the line.
func startCubic(ctx context.Context, x *line) (*cubic, error) {
	c := new(cubic)
	addr := netip.AddrPortFrom(x.far.addr, cubicPort).String()
	err := x.far.Do(func() (err error) {
		c.listener, err = net.Listen("tcp4", addr)
		return err
	})
	if err == nil {
		err = x.near.Do(func() (err error) {
			d := net.Dialer{Control: useCubic}
			c.ends[0], err = d.DialContext(ctx, "tcp4", addr)
			return err
		})
	}
	if err == nil {
		c.ends[1], err = c.listener.Accept()
	}
	if err != nil {
		c.close()
		return nil, fmt.Errorf("start a download by TCP: %w", err)
	}
	c.conveyance.Add(2)
	go c.routineSend()
	go c.routineReceive()
	return c, nil
}

// useCubic chooses the congestion control of a socket.
func useCubic(_, _ string, raw syscall.RawConn) error {
	var inner error
	err := raw.Control(func(fd uintptr) {
		inner = unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, "cubic")
	})
	return errors.Join(err, inner)
}

func (c *cubic) routineSend() {
	defer c.conveyance.Done()
	for block := make([]byte, 64<<10); ; {
		if _, err := c.ends[0].Write(block); err != nil {
			return
		}
	}
}

func (c *cubic) routineReceive() {
	defer c.conveyance.Done()
	io.Copy(io.Discard, c.ends[1])
}

// close ends the download at once.
func (c *cubic) close() {
	if c == nil {
		return
	}
	if c.listener != nil {
		c.listener.Close()
	}
	for _, end := range c.ends {
		if end != nil {
			end.Close()
		}
	}
	c.conveyance.Wait()
}
