package relay

import (
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// batchSize is how many datagrams one system call receives at most.
const batchSize = 32

const canShareAddress = true

// shareAddress lets several sockets receive on one address (SO_REUSEPORT).
func shareAddress(_, _ string, c syscall.RawConn) (err error) {
	if e := c.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	}); e != nil {
		return e
	}
	return err
}

// unsentLimit is how much may wait in the system for a slow connection, in bytes.
// What is more waits with us, where it can be dropped.
const unsentLimit = 32 << 10

// limitUnsent sets unsentLimit (TCP_NOTSENT_LOWAT). Without it calls are less lively.
func limitUnsent(c *net.TCPConn) {
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, unsentLimit)
	})
}

// message is struct mmsghdr of recvmmsg(2).
type message struct {
	header unix.Msghdr
	length uint32
}

// segmentControl is the ancillary data that asks for segmentation offload
// (UDP_SEGMENT).
type segmentControl struct {
	header unix.Cmsghdr
	size   uint16
	_      [6]byte // CMSG_SPACE
}

// vectors is what recvmmsg and sendmmsg read and write.
type vectors struct {
	in, out  [batchSize]message
	inData   [batchSize]unix.Iovec
	outData  [batchSize]unix.Iovec
	names    [batchSize]unix.RawSockaddrInet6 // or RawSockaddrInet4, which is shorter
	segments [batchSize]segmentControl
	peer     unix.RawSockaddrInet6
	runs     [batchSize]int // datagrams in each of out

	transmit    func(fd uintptr) // made once: a closure for each call would be garbage
	first, last int              // those of out that transmit has yet to send
	taken       int              // datagrams that the system took
	errno       syscall.Errno
}

// arrival is a receive that is under way.
type arrival struct {
	attempt func(fd uintptr) bool
	handle  func(*batch) (rest bool)
	batch   *batch
	errno   syscall.Errno
}

// onArrival sets who sees each batch first: handle returns whether something in it
// is left for receive to return.
func (s *socket) onArrival(handle func(*batch) (rest bool)) {
	s.arrival.handle, s.arrival.attempt = handle, s.arrival.try
}

// receive waits for datagrams which handle leaves something of. The batch is the
// caller's, who releases it.
func (s *socket) receive() (*batch, error) {
	for {
		if err := s.raw.Read(s.arrival.attempt); err != nil {
			return nil, err
		}
		if b := s.arrival.batch; b != nil {
			s.arrival.batch = nil
			return b, nil
		}
		if !passing(s.arrival.errno) {
			return nil, os.NewSyscallError("recvmmsg", s.arrival.errno)
		}
	}
}

// passing says whether a receive is worth another try: the error was that of a
// datagram sent before (ICMP), or of a moment.
func passing(errno syscall.Errno) bool {
	switch errno {
	case unix.ENOSYS, unix.EBADF, unix.ENOTSOCK, unix.EFAULT, unix.EINVAL:
		return false
	}
	return true
}

// try receives and handles what there is, until something is left over or nothing
// more has come: then it returns false to wait. A batch that is not full was the
// last, which saves asking, for what comes after it wakes us up again (epoll is
// edge-triggered and sees it although we do not wait yet).
func (a *arrival) try(fd uintptr) bool {
	for {
		b := batches.Get().(*batch)
		// Not waiting, the call may keep the processor: the scheduler need not know.
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&b.system.in)), batchSize, unix.MSG_DONTWAIT, 0, 0)
		if a.errno = errno; errno != 0 {
			b.release()
			return errno != unix.EAGAIN
		}
		b.n = int(n)
		b.system.read(b)
		if a.handle(b) {
			a.batch = b
			return true
		}
		b.release()
		if n < batchSize {
			return false
		}
	}
}

// init makes in point to where datagrams of b go.
func (v *vectors) init(b *batch) {
	for i := range v.in {
		v.inData[i].Base = &b.data[i][headroom]
		v.inData[i].SetLen(maxDatagram)
		h := &v.in[i].header
		h.Name, h.Namelen = (*byte)(unsafe.Pointer(&v.names[i])), unix.SizeofSockaddrInet6
		h.Iov = &v.inData[i]
		h.SetIovlen(1)
	}
	v.transmit = v.sendAll
}

// read takes lengths and addresses over from in, and makes it ready again.
func (v *vectors) read(b *batch) {
	for i := range b.n {
		h := &v.in[i].header
		b.size[i], b.from[i] = int(v.in[i].length), addrPort(&v.names[i])
		if h.Flags&unix.MSG_TRUNC != 0 {
			b.size[i] = 0
		}
		h.Namelen, h.Flags = unix.SizeofSockaddrInet6, 0
	}
}

// send sends messages, at most batchSize, to one address and returns how many the
// system took. Those of equal length go as one, which the network card or the
// last step before it cuts up (UDP_SEGMENT): the way through the system is then
// paid once. It does not wait: what the socket's buffer has no room for is lost.
func (b *batch) send(s *socket, to netip.AddrPort, messages [][]byte) (sent int) {
	v := &b.system
	for offload := !s.single.Load(); len(messages) > 0; {
		v.prepare(to, messages, offload)
		if err := s.raw.Control(v.transmit); err != nil {
			return sent
		}
		sent += v.taken
		switch {
		case v.errno == 0 || v.errno == unix.EAGAIN:
			return sent
		case v.runs[v.first] > 1: // offload failed: once more one by one
			if v.errno == unix.EIO { // the card cannot compute checksums, and never will
				s.single.Store(true)
			}
			offload = false
			messages = messages[v.taken:]
		default: // this one cannot be sent, others may
			messages = messages[v.taken+1:]
		}
	}
	return sent
}

// prepare puts messages into out, each run of equal length as one if offload may
// be used.
func (v *vectors) prepare(to netip.AddrPort, messages [][]byte, offload bool) {
	nameLen := putSockaddr(&v.peer, to)
	v.first, v.last = 0, 0
	for start := 0; start < len(messages); v.last++ {
		run := 1
		if offload {
			run = runLength(messages[start:])
		}
		h := &v.out[v.last].header
		*h = unix.Msghdr{Name: (*byte)(unsafe.Pointer(&v.peer)), Namelen: nameLen, Iov: &v.outData[start]}
		h.SetIovlen(run)
		for _, m := range messages[start : start+run] {
			v.outData[start].Base = unsafe.SliceData(m)
			v.outData[start].SetLen(len(m))
			start++
		}
		if run > 1 {
			v.segment(len(messages[start-run]))
		}
		v.runs[v.last] = run
	}
}

// runLength returns how many messages have the length of the first; a shorter one
// may end them.
func runLength(messages [][]byte) int {
	n, size := 1, len(messages[0])
	for n < len(messages) && len(messages[n]) == size && size > 0 {
		n++
	}
	if n < len(messages) && 0 < len(messages[n]) && len(messages[n]) < size {
		n++
	}
	return n
}

// segment asks for the last message of out to be cut into datagrams of size bytes.
func (v *vectors) segment(size int) {
	c := &v.segments[v.last]
	c.header.Level, c.header.Type = unix.IPPROTO_UDP, unix.UDP_SEGMENT
	c.header.SetLen(unix.CmsgLen(2))
	c.size = uint16(size)
	h := &v.out[v.last].header
	h.Control = (*byte)(unsafe.Pointer(c))
	h.SetControllen(unix.CmsgSpace(2))
}

// sendAll sends what is prepared, up to the first error.
func (v *vectors) sendAll(fd uintptr) {
	v.taken, v.errno = 0, 0
	for v.first < v.last {
		n, errno := v.sendSome(fd)
		if errno == unix.EINTR {
			continue
		}
		if v.errno = errno; errno != 0 {
			return
		}
		for range n {
			v.taken += v.runs[v.first]
			v.first++
		}
	}
}

// sendSome sends from first on and returns how many of out that were. A single
// datagram goes by sendto, which has less to read.
func (v *vectors) sendSome(fd uintptr) (n uintptr, errno syscall.Errno) {
	h := &v.out[v.first].header
	if v.last-v.first == 1 && v.runs[v.first] == 1 {
		_, _, errno = unix.RawSyscall6(unix.SYS_SENDTO, fd, uintptr(unsafe.Pointer(h.Iov.Base)), uintptr(h.Iov.Len),
			unix.MSG_DONTWAIT, uintptr(unsafe.Pointer(h.Name)), uintptr(h.Namelen))
		return 1, errno
	}
	n, _, errno = unix.RawSyscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(h)), uintptr(v.last-v.first), unix.MSG_DONTWAIT, 0, 0)
	return n, errno
}

// addrPort reads the address that the system wrote.
func addrPort(name *unix.RawSockaddrInet6) netip.AddrPort {
	if name.Family == unix.AF_INET {
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(name))
		return netip.AddrPortFrom(netip.AddrFrom4(v4.Addr), networkOrder(&v4.Port))
	}
	return netip.AddrPortFrom(netip.AddrFrom16(name.Addr), networkOrder(&name.Port))
}

// putSockaddr writes an address for the system and returns its length.
func putSockaddr(name *unix.RawSockaddrInet6, to netip.AddrPort) uint32 {
	if to.Addr().Is4() {
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(name))
		*v4 = unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: to.Addr().As4()}
		binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&v4.Port))[:], to.Port())
		return unix.SizeofSockaddrInet4
	}
	*name = unix.RawSockaddrInet6{Family: unix.AF_INET6, Addr: to.Addr().As16()}
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&name.Port))[:], to.Port())
	return unix.SizeofSockaddrInet6
}

// networkOrder reads a port of a sockaddr.
func networkOrder(port *uint16) uint16 {
	return binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(port))[:])
}
