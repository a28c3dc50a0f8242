package netns

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/skulltech/prattle/quicproto/quictest"
)

// A Line joins two devices by a link in real time.
type Line struct {
	there *carrier // near to far
	back  *carrier
}

// Join makes a line both of whose directions begin as l. watch, unless nil, is
// told of each packet from near to far; it must not block. The line owns the
// devices from now on.
func Join(near, far *TUN, l quictest.Link, seed uint64, watch func(quictest.Passage, []byte)) (*Line, error) {
	there, err := newCarrier(near.fd, far.fd, quictest.NewPath[[]byte](l, seed, 1))
	if err != nil {
		return nil, err
	}
	back, err := newCarrier(far.fd, near.fd, quictest.NewPath[[]byte](l, seed, 2))
	if err != nil {
		unix.Close(there.wake)
		return nil, err
	}
	there.path.Watch = watch
	x := &Line{there, back}
	for _, c := range []*carrier{there, back} {
		c.carrying.Add(1)
		go c.routineCarry()
	}
	return x, nil
}

// Change makes both directions another link from now on.
func (x *Line) Change(l quictest.Link) {
	x.there.change(l)
	x.back.change(l)
}

// Stats are what the line did so far with packets from near to far, and back.
func (x *Line) Stats() (there, back quictest.PathStats) { return x.there.stats(), x.back.stats() }

// Close ends the line and takes its devices away.
func (x *Line) Close() error {
	err := errors.Join(x.there.close(), x.back.close())
	unix.Close(x.there.in)
	unix.Close(x.back.in)
	return err
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

func (c *carrier) stats() quictest.PathStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.path.Stats()
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

// collect reads what was sent into the device.
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
		if chatter(buf[:n]) {
			continue
		}
		c.mu.Lock()
		c.path.Send(time.Now(), n, append([]byte(nil), buf[:n]...))
		c.mu.Unlock()
	}
}

// chatter tells whether a packet is the kernel looking for routers and neighbours,
// whom a line has not: a multicast of IPv6. Such packets come at moments that
// differ from run to run and would use up the fates of others.
func chatter(packet []byte) bool {
	const destination, multicast = 24, 0xff
	return len(packet) > destination && packet[0]>>4 == 6 && packet[destination] == multicast
}

// urgent makes the calling thread one that is woken to the microsecond, before
// what shares the processors with it. Where that is not allowed it stays as it is.
func urgent() {
	const roundRobin, lowest = 2, 1 // SCHED_RR and the least of its priorities
	attr := unix.SchedAttr{Size: uint32(unsafe.Sizeof(unix.SchedAttr{})), Policy: roundRobin, Priority: lowest}
	_ = unix.SchedSetAttr(0, &attr, 0)
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0) // nanoseconds
}
