package quality

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/skulltech/prattle/quicproto/quictest"
)

// A line joins two network namespaces by a link in real time. It is what
// `make quality-net` makes calls over.
type line struct {
	near, far *namespace
	there     *carrier // near to far
	back      *carrier
}

// Addresses at the two ends of every line. Each line has namespaces of its own,
// so they never collide.
var (
	nearAddr = netip.AddrFrom4([4]byte{10, 77, 28, 1})
	farAddr  = netip.AddrFrom4([4]byte{10, 77, 28, 2})
)

// openLine makes a line both of whose directions begin as l. watch is told of
// each packet from near to far; it must not block.
func openLine(l quictest.Link, seed uint64, watch func(quictest.Passage, []byte)) (*line, error) {
	near, err := openNamespace(nearAddr)
	if err != nil {
		return nil, err
	}
	far, err := openNamespace(farAddr)
	if err != nil {
		near.close()
		return nil, err
	}
	x := &line{near: near, far: far}
	x.there, err = newCarrier(near.tun, far.tun, quictest.NewPath[[]byte](l, seed, 1))
	if err == nil {
		x.back, err = newCarrier(far.tun, near.tun, quictest.NewPath[[]byte](l, seed, 2))
	}
	if err != nil {
		x.close()
		return nil, err
	}
	x.there.path.Watch = watch
	for _, c := range []*carrier{x.there, x.back} {
		c.carrying.Add(1)
		go c.routineCarry()
	}
	return x, nil
}

// change makes both directions another link from now on.
func (x *line) change(l quictest.Link) {
	for _, c := range []*carrier{x.there, x.back} {
		c.change(l)
	}
}

// close ends the line. Nothing of it is left in the system.
func (x *line) close() error {
	var errs []error
	for _, c := range []*carrier{x.there, x.back} {
		if c != nil {
			errs = append(errs, c.close())
		}
	}
	x.near.close()
	x.far.close()
	return errors.Join(errs...)
}

// A carrier moves IP packets from one device to another along a path, in real
// time: a thread of its own sleeps until a packet comes or is due.
type carrier struct {
	in, out int // TUN devices
	wake    int // an eventfd: the path was changed, or the carrier is to end

	mu     sync.Mutex
	path   *quictest.Path[[]byte]
	closed bool

	carrying sync.WaitGroup
	err      error
}

func newCarrier(in, out int, path *quictest.Path[[]byte]) (*carrier, error) {
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("carry packets: %w", err)
	}
	return &carrier{in: in, out: out, wake: wake, path: path}, nil
}

func (c *carrier) change(l quictest.Link) {
	c.mu.Lock()
	c.path.Change(time.Now(), l)
	c.mu.Unlock()
	c.rouse()
}

func (c *carrier) close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.rouse()
	c.carrying.Wait()
	unix.Close(c.wake)
	return c.err
}

func (c *carrier) rouse() {
	unix.Write(c.wake, binary.NativeEndian.AppendUint64(nil, 1))
}

func (c *carrier) routineCarry() {
	defer c.carrying.Done()
	runtime.LockOSThread() // never unlocked: nobody inherits its urgency
	urgent()
	buf := make([]byte, 64<<10)
	for c.err == nil {
		next, ok := c.deliver(time.Now())
		if !ok {
			return
		}
		if c.err = c.sleep(next); c.err == nil {
			c.err = c.collect(buf)
		}
	}
}

// deliver writes what has arrived and says when more will have; false at the end.
func (c *carrier) deliver(now time.Time) (next time.Time, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for packet, ok := c.path.Pop(now); ok; packet, ok = c.path.Pop(now) {
		unix.Write(c.out, packet) // a device whose queue is full drops, as devices do
	}
	return c.path.Next(), !c.closed
}

// sleep waits for a packet, a change, or next; without end if next is zero.
func (c *carrier) sleep(next time.Time) error {
	wait := time.Duration(math.MaxInt64)
	if !next.IsZero() {
		wait = max(time.Until(next), 0)
	}
	timeout := unix.NsecToTimespec(int64(wait))
	fds := []unix.PollFd{{Fd: int32(c.in), Events: unix.POLLIN}, {Fd: int32(c.wake), Events: unix.POLLIN}}
	if _, err := unix.Ppoll(fds, &timeout, nil); err != nil && !errors.Is(err, unix.EINTR) {
		return fmt.Errorf("wait for packets: %w", err)
	}
	if fds[1].Revents != 0 {
		var count [8]byte
		unix.Read(c.wake, count[:])
	}
	return nil
}

// collect reads what was sent into the device. Anything but IPv4 is the kernel
// looking for routers.
func (c *carrier) collect(buf []byte) error {
	for {
		n, err := unix.Read(c.in, buf)
		switch {
		case errors.Is(err, unix.EAGAIN):
			return nil
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return fmt.Errorf("read packets: %w", err)
		}
		if n < minIPv4 || buf[0]>>4 != 4 {
			continue
		}
		c.mu.Lock()
		c.path.Send(time.Now(), n, append([]byte(nil), buf[:n]...))
		c.mu.Unlock()
	}
}

// minIPv4 is the length of the shortest IPv4 header, in bytes.
const minIPv4 = 20

// destination is the port that an IPv4 packet of UDP or TCP is for, and which of
// the two it is; zero for anything else.
func destination(packet []byte) (protocol byte, port uint16) {
	if len(packet) < minIPv4 {
		return 0, 0
	}
	header := int(packet[0]&15) * 4
	protocol = packet[9]
	if protocol != unix.IPPROTO_UDP && protocol != unix.IPPROTO_TCP || len(packet) < header+4 {
		return 0, 0
	}
	return protocol, binary.BigEndian.Uint16(packet[header+2:])
}
