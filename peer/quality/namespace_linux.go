package quality

import (
	"fmt"
	"net/netip"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A namespace is a network of its own on this machine, with one device that leads
// out of it: a TUN. It has no name that could collide with another's, and is gone
// with the last process in it, however this program ends.
type namespace struct {
	tun  int // reads what is sent inside, writes what is received there
	addr netip.Addr
	jobs chan func()
}

// mtu is that of the TUN devices, in bytes: Ethernet's.
const mtu = 1500

// openNamespace makes a namespace with an address in a network of 24 bits.
func openNamespace(addr netip.Addr) (*namespace, error) {
	n := &namespace{tun: -1, addr: addr, jobs: make(chan func())}
	go n.routineInside()
	err := n.do(func() (err error) {
		if err = unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("make a network namespace: %w", err)
		}
		n.tun, err = openTUN(addr)
		return err
	})
	if err != nil {
		n.close()
		return nil, err
	}
	return n, nil
}

// routineInside runs jobs on a thread that is in the namespace. The thread is
// never unlocked: it ends with the goroutine.
func (n *namespace) routineInside() {
	runtime.LockOSThread()
	for job := range n.jobs {
		job()
	}
}

// do calls f inside the namespace: sockets that it opens and processes that it
// starts belong there.
func (n *namespace) do(f func() error) error {
	done := make(chan error)
	n.jobs <- func() { done <- f() }
	return <-done
}

func (n *namespace) close() {
	close(n.jobs)
	if n.tun >= 0 {
		unix.Close(n.tun)
	}
}

// openTUN makes the device of the namespace that the thread is in, and brings it
// and the loopback device up.
func openTUN(addr netip.Addr) (int, error) {
	const name = "prattle0"
	tun, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("open /dev/net/tun: %w", err)
	}
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		unix.Close(tun)
		return -1, err
	}
	defer unix.Close(socket)
	mask := [4]byte{255, 255, 255, 0}
	ip := addr.As4()
	for _, step := range []struct {
		fd    int
		call  uint
		name  string
		value func(*unix.Ifreq) error
	}{
		{tun, unix.TUNSETIFF, name, flags(unix.IFF_TUN | unix.IFF_NO_PI)},
		{socket, unix.SIOCSIFADDR, name, func(r *unix.Ifreq) error { return r.SetInet4Addr(ip[:]) }},
		{socket, unix.SIOCSIFNETMASK, name, func(r *unix.Ifreq) error { return r.SetInet4Addr(mask[:]) }},
		{socket, unix.SIOCSIFMTU, name, func(r *unix.Ifreq) error { r.SetUint32(mtu); return nil }},
		{socket, unix.SIOCSIFFLAGS, name, flags(unix.IFF_UP | unix.IFF_RUNNING)},
		{socket, unix.SIOCSIFFLAGS, "lo", flags(unix.IFF_UP | unix.IFF_RUNNING)},
	} {
		if err := configure(step.fd, step.call, step.name, step.value); err != nil {
			unix.Close(tun)
			return -1, fmt.Errorf("set up the network device %s (request %#x): %w", step.name, step.call, err)
		}
	}
	return tun, nil
}

func flags(f uint16) func(*unix.Ifreq) error {
	return func(r *unix.Ifreq) error { r.SetUint16(f); return nil }
}

func configure(fd int, call uint, name string, value func(*unix.Ifreq) error) error {
	r, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	if err := value(r); err != nil {
		return err
	}
	return unix.IoctlIfreq(fd, call, r)
}

// urgent makes the calling thread one that is woken to the microsecond, before
// what shares the processors with it. Where that is not allowed it stays as it is.
func urgent() {
	const roundRobin, lowest = 2, 1 // SCHED_RR and the least of its priorities
	attr := unix.SchedAttr{Size: uint32(unsafe.Sizeof(unix.SchedAttr{})), Policy: roundRobin, Priority: lowest}
	_ = unix.SchedSetAttr(0, &attr, 0)
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0) // nanoseconds
}
