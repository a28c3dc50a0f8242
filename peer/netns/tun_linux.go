package netns

import (
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"
)

// MTU is that of the TUN devices, in bytes: Ethernet's.
const MTU = 1500

// A TUN is a network device of a namespace, and its other end in this program: what
// is sent inside is read here, what is written here is received there.
type TUN struct{ fd int }

// OpenTUN makes a device and brings it up, with an IPv4 address if one is given.
func (n *Namespace) OpenTUN(name string, addr netip.Prefix) (*TUN, error) {
	t := new(TUN)
	err := n.Do(func() (err error) {
		t.fd, err = openTUN(name, addr)
		return err
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

// Close takes the device away.
func (t *TUN) Close() { unix.Close(t.fd) }

// openTUN makes a device of the namespace that the thread is in.
func openTUN(name string, addr netip.Prefix) (int, error) {
	tun, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("open /dev/net/tun: %w", err)
	}
	err = configure(tun, unix.TUNSETIFF, name, flags(unix.IFF_TUN|unix.IFF_NO_PI))
	if err == nil && addr.IsValid() {
		err = setAddr(name, addr)
	}
	if err == nil {
		err = withSocket(func(socket int) error {
			return configure(socket, unix.SIOCSIFMTU, name, func(r *unix.Ifreq) error { r.SetUint32(MTU); return nil })
		})
	}
	if err == nil {
		err = up(name)
	}
	if err != nil {
		unix.Close(tun)
		return -1, err
	}
	return tun, nil
}

// setAddr gives a device an IPv4 address and its network.
func setAddr(name string, addr netip.Prefix) error {
	ip := addr.Addr().As4()
	return withSocket(func(socket int) error {
		err := configure(socket, unix.SIOCSIFADDR, name, func(r *unix.Ifreq) error { return r.SetInet4Addr(ip[:]) })
		if err != nil {
			return err
		}
		mask := net.CIDRMask(addr.Bits(), 32)
		return configure(socket, unix.SIOCSIFNETMASK, name, func(r *unix.Ifreq) error { return r.SetInet4Addr(mask) })
	})
}

// up brings a device of the thread's namespace up.
func up(name string) error {
	return withSocket(func(socket int) error {
		return configure(socket, unix.SIOCSIFFLAGS, name, flags(unix.IFF_UP|unix.IFF_RUNNING))
	})
}

// withSocket calls f with a socket by which devices are configured.
func withSocket(f func(socket int) error) error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	return f(socket)
}

func flags(f uint16) func(*unix.Ifreq) error {
	return func(r *unix.Ifreq) error { r.SetUint16(f); return nil }
}

func configure(fd int, call uint, name string, value func(*unix.Ifreq) error) error {
	r, err := unix.NewIfreq(name)
	if err == nil {
		err = value(r)
	}
	if err == nil {
		err = unix.IoctlIfreq(fd, call, r)
	}
	if err != nil {
		return fmt.Errorf("set up the network device %s (request %#x): %w", name, call, err)
	}
	return nil
}
