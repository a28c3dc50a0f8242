package main

import (
	"bytes"
	"io"
	"os"
	"strings"

	"github.com/mdp/qrterminal/v3"
	"golang.org/x/term"
)

// printQR draws text as a QR code of half blocks, light on dark. It is put into
// capitals, for which codes have a denser form: peer IDs and tickets mean the same
// in either case.
func printQR(w io.Writer, text string) error {
	var code bytes.Buffer
	qrterminal.GenerateWithConfig(strings.ToUpper(text), qrterminal.Config{
		Level:          qrterminal.L, // a screen has no stains
		Writer:         &code,
		HalfBlocks:     true,
		BlackChar:      qrterminal.BLACK_BLACK,
		WhiteBlackChar: qrterminal.WHITE_BLACK,
		WhiteChar:      qrterminal.WHITE_WHITE,
		BlackWhiteChar: qrterminal.BLACK_WHITE,
		QuietZone:      2, // half of what the standard asks for; every reader does with it
	})
	for line := range strings.Lines(code.String()) {
		if isTerminal(w) {
			line = "\x1b[97;40m" + strings.TrimSuffix(line, "\n") + "\x1b[0m\n" // light on dark whatever the theme
		}
		if _, err := io.WriteString(w, line); err != nil {
			return err
		}
	}
	return nil
}

// isTerminal says whether what is written to w is seen by a person.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
