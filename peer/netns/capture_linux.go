package netns

import (
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// A Capture is all that goes over the devices of a namespace, both ways.
type Capture struct {
	fd      int
	end     func() // once
	reading sync.WaitGroup
	packets []Captured // owned by routineRead until it has ended
}

// Captured is a packet as it was seen on a device.
type Captured struct {
	At    time.Time
	Out   bool // of the namespace; else in
	Frame []byte
}

// Capture begins to capture. Stop ends it.
func (n *Namespace) Capture() (*Capture, error) {
	c := new(Capture)
	const everything = unix.ETH_P_ALL<<8&0xff00 | unix.ETH_P_ALL>>8 // in network byte order
	err := n.Do(func() (err error) {
		c.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, everything)
		return err
	})
	if err == nil {
		err = unix.SetsockoptTimeval(c.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 200_000})
	}
	if err != nil {
		return nil, fmt.Errorf("capture packets: %w", err)
	}
	stop := make(chan struct{})
	c.end = sync.OnceFunc(func() {
		close(stop)
		c.reading.Wait()
		unix.Close(c.fd)
	})
	c.reading.Go(func() { c.routineRead(stop) })
	return c, nil
}

// routineRead reads until there is nothing to read after stop was closed.
func (c *Capture) routineRead(stop <-chan struct{}) {
	for buf := make([]byte, 64<<10); ; {
		n, from, err := unix.Recvfrom(c.fd, buf, 0)
		if err == nil {
			link, _ := from.(*unix.SockaddrLinklayer)
			out := link != nil && link.Pkttype == unix.PACKET_OUTGOING
			c.packets = append(c.packets, Captured{time.Now(), out, append([]byte(nil), buf[:n]...)})
			continue
		}
		select {
		case <-stop:
			return
		default:
		}
	}
}

// Stop ends the capture and returns what it has seen.
func (c *Capture) Stop() []Captured {
	c.end()
	return c.packets
}
