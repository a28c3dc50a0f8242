package main

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

// finder is the mark in three corners of a QR code, in half blocks: 7 by 7 modules
// and half a row of the margin below (ISO/IEC 18004).
var finder = []string{
	" ▄▄▄▄▄ ",
	" █   █ ",
	" █▄▄▄█ ",
	"▄▄▄▄▄▄▄",
}

func TestQR(t *testing.T) {
	for text, modules := range map[string]int{
		"25njqam-cweflpv-kl73j4s-zahhiho-c4xt3kt-cgjnpai-ngr5yhk-engd74r": 29, // version 3: fits a small terminal
		"prattle1" + strings.Repeat("a", 120):                             37, // version 5: in bytes it would be 41
	} {
		var out bytes.Buffer
		if err := printQR(&out, text); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		if len(lines) != (modules+4+1)/2 {
			t.Errorf("%d lines for %d modules", len(lines), modules)
		}
		for _, line := range lines {
			if n := utf8.RuneCountInString(line); n != modules+4 {
				t.Errorf("a line of %d characters, want %d", n, modules+4)
			}
		}
		for i, want := range finder {
			row := []rune(lines[1+i])
			left, right := string(row[2:9]), string(row[len(row)-9:len(row)-2])
			if left != want || right != want {
				t.Errorf("row %d begins with %q and ends with %q, want %q", i, left, right, want)
			}
		}
	}
}
