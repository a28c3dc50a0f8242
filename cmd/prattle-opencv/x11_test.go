//go:build cgo && gocv_highgui && gocv_videoio

package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
)

// deleteWindow asks a client of the X server to close its window, as the window
// manager does whose button was pressed: with a WM_DELETE_WINDOW message (ICCCM
// 4.2.8.1). The server must admit clients without a key, as Xvfb does.
func deleteWindow(display string, window uint32) error {
	number, _, _ := strings.Cut(strings.TrimPrefix(display, ":"), ".")
	conn, err := net.Dial("unix", "/tmp/.X11-unix/X"+number)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := greet(conn); err != nil {
		return err
	}
	protocols, err := internAtom(conn, "WM_PROTOCOLS")
	if err != nil {
		return err
	}
	deletion, err := internAtom(conn, "WM_DELETE_WINDOW")
	if err != nil {
		return err
	}
	const sendEvent, clientMessage = 25, 33
	le := binary.LittleEndian
	m := []byte{sendEvent, 0, 11, 0}
	m = le.AppendUint32(m, window)
	m = le.AppendUint32(m, 0) // to the client that made it
	m = append(m, clientMessage, 32, 0, 0)
	m = le.AppendUint32(m, window)
	m = le.AppendUint32(m, protocols)
	m = le.AppendUint32(m, deletion)
	m = append(m, make([]byte, 16)...)
	if _, err := conn.Write(m); err != nil {
		return err
	}
	_, err = internAtom(conn, "WM_NAME") // its answer comes when the message was sent
	return err
}

// greet sets up a connection of protocol 11.0 in little endian.
func greet(conn net.Conn) error {
	if _, err := conn.Write([]byte{'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0}); err != nil {
		return err
	}
	head := make([]byte, 8)
	if _, err := io.ReadFull(conn, head); err != nil {
		return err
	}
	body := make([]byte, 4*int(binary.LittleEndian.Uint16(head[6:])))
	if _, err := io.ReadFull(conn, body); err != nil {
		return err
	}
	if head[0] != 1 {
		return fmt.Errorf("the X server refuses: %q", body)
	}
	return nil
}

func internAtom(conn net.Conn, name string) (uint32, error) {
	const opcode = 16
	padded := (len(name) + 3) &^ 3
	m := []byte{opcode, 0}
	m = binary.LittleEndian.AppendUint16(m, uint16(2+padded/4))
	m = binary.LittleEndian.AppendUint16(m, uint16(len(name)))
	m = append(m, 0, 0)
	m = append(m, name...)
	m = append(m, make([]byte, padded-len(name))...)
	if _, err := conn.Write(m); err != nil {
		return 0, err
	}
	reply := make([]byte, 32)
	if _, err := io.ReadFull(conn, reply); err != nil {
		return 0, err
	}
	if reply[0] != 1 {
		return 0, errors.New("the X server knows no atom " + name)
	}
	return binary.LittleEndian.Uint32(reply[8:]), nil
}
