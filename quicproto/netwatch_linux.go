package quicproto

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// watchKernel calls changed whenever the kernel tells of a change (rtnetlink(7)),
// until ctx ends. It returns an error where the kernel tells nothing.
func watchKernel(ctx context.Context, changed func()) error {
	socket, err := openNetlink()
	if err != nil {
		return err
	}
	return readKernel(ctx, socket, changed)
}

// readKernel reads the socket until ctx ends, and closes it.
func readKernel(ctx context.Context, socket *os.File, changed func()) error {
	stop := context.AfterFunc(ctx, func() { socket.Close() })
	defer stop()
	defer socket.Close()
	for {
		if err := awaitNews(socket); err != nil && ctx.Err() == nil {
			return fmt.Errorf("read netlink: %w", err)
		}
		if ctx.Err() != nil {
			return nil
		}
		changed()
	}
}

// awaitNews waits for a message and swallows those that follow closely. What they
// say does not matter: the addresses are listed anew. A long one is cut off, and no
// harm done.
func awaitNews(socket *os.File) error {
	var b [4096]byte
	socket.SetReadDeadline(time.Time{})
	_, err := socket.Read(b[:])
	if err != nil && !errors.Is(err, unix.ENOBUFS) { // messages were lost: a change too
		return err
	}
	socket.SetReadDeadline(time.Now().Add(settleTime))
	for err == nil || errors.Is(err, unix.ENOBUFS) {
		_, err = socket.Read(b[:])
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return err
}

func openNetlink() (*os.File, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open netlink: %w", err)
	}
	groups := uint32(unix.RTMGRP_LINK | unix.RTMGRP_IPV4_IFADDR | unix.RTMGRP_IPV6_IFADDR |
		unix.RTMGRP_IPV4_ROUTE | unix.RTMGRP_IPV6_ROUTE)
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: groups}); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("bind netlink: %w", err)
	}
	return os.NewFile(uintptr(fd), "netlink"), nil
}
