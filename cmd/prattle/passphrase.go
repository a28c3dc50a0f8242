package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// maxPassphrase bounds a passphrase, in bytes.
const maxPassphrase = 1024

// askPassphrase is the certs.Passphrase of the command line: it asks at the
// terminal, unseen, or reads one line if standard input is no terminal.
func askPassphrase() ([]byte, error) {
	return readPassphrase(os.Stdin, os.Stderr, "passphrase of the identity: ")
}

// newPassphrase asks for a passphrase twice; only once where nobody types.
func newPassphrase(in io.Reader, prompt io.Writer) ([]byte, error) {
	first, err := readPassphrase(in, prompt, "new passphrase: ")
	if err != nil {
		return nil, err
	}
	if len(first) == 0 {
		return nil, usage("leave --passphrase away for a file without one", "the passphrase is empty")
	}
	if _, ok := terminal(in); !ok {
		return first, nil
	}
	second, err := readPassphrase(in, prompt, "once more: ")
	if err != nil {
		return nil, err
	}
	if string(first) != string(second) {
		return nil, errors.New("the two passphrases differ")
	}
	return first, nil
}

func readPassphrase(in io.Reader, prompt io.Writer, what string) ([]byte, error) {
	fd, ok := terminal(in)
	if !ok {
		line, err := readLine(in, maxPassphrase)
		if err != nil {
			return nil, fmt.Errorf("read passphrase: %w", err)
		}
		return line, nil
	}
	fmt.Fprint(prompt, what)
	defer fmt.Fprintln(prompt)
	passphrase, err := term.ReadPassword(fd)
	if err != nil {
		return nil, fmt.Errorf("read passphrase: %w", err)
	}
	return passphrase, nil
}

func terminal(in io.Reader) (fd int, ok bool) {
	f, ok := in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	return int(f.Fd()), true
}

// readLine reads up to the end of a line of at most limit bytes and no further:
// what follows on standard input is for others.
func readLine(in io.Reader, limit int) ([]byte, error) {
	var line []byte
	for one := make([]byte, 1); len(line) <= limit; {
		switch n, err := in.Read(one); {
		case n == 1 && one[0] != '\n':
			line = append(line, one[0])
		case n == 1, errors.Is(err, io.EOF) && len(line) > 0:
			return bytes.TrimSuffix(line, []byte("\r")), nil
		case err != nil:
			return nil, err
		}
	}
	return nil, fmt.Errorf("a line of more than %d bytes", limit)
}
