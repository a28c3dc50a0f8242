package main

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/skulltech/prattle/certs"
)

// hidden ticket|text|key SECRET FILE... searches files for a secret, in whatever
// form a program may print bytes; "! hidden" wants it to be found.
func hidden(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: [!] hidden ticket|text|key SECRET FILE...")
	}
	forms := secretForms(secretBytes(ts, args[0], ts.ReadFile(args[1])))
	for _, name := range args[2:] {
		data := strings.ToLower(ts.ReadFile(name))
		if data == "" {
			ts.Fatalf("%s is empty: there is nothing to search", name)
		}
		found := ""
		for form, text := range forms {
			if strings.Contains(data, strings.ToLower(text)) {
				found = form
			}
		}
		if found != "" && !neg {
			ts.Fatalf("the %s of %s is in %s, in %s", args[0], args[1], name, found)
		}
		if found == "" && neg {
			ts.Fatalf("the %s of %s is not in %s", args[0], args[1], name)
		}
	}
}

func secretBytes(ts *testscript.TestScript, kind, text string) []byte {
	switch kind {
	case "ticket":
		ticket, err := certs.ParseTicket(text, time.Time{})
		ts.Check(err)
		return ticket.Secret[:]
	case "key":
		block, _ := pem.Decode([]byte(text))
		return block.Bytes[len(block.Bytes)-32:] // the seed ends the PKCS #8 of an Ed25519 key (RFC 8410)
	}
	return []byte(strings.TrimSpace(text))
}

// secretForms are the ways in which programs print bytes. Base32 and base64 depend
// on what comes before, up to their period.
func secretForms(secret []byte) map[string]string {
	forms := map[string]string{
		"raw":           string(secret),
		"hex":           hex.EncodeToString(secret),
		"decimal":       strings.Trim(fmt.Sprint(secret), "[]"),
		"JSON":          strings.ReplaceAll(strings.Trim(fmt.Sprint(secret), "[]"), " ", ","),
		"hexadecimal":   strings.ReplaceAll(fmt.Sprintf("% #x", secret), " ", ", "),
		"Go characters": strings.Trim(fmt.Sprintf("%q", secret), `"`),
	}
	for before := range 5 {
		padded := append(bytes.Repeat([]byte{0}, before), secret...)
		skip32, skip64 := (before*8+4)/5, (before*8+5)/6
		text32 := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(padded)
		forms[fmt.Sprint("base32, shifted by ", before)] = text32[skip32 : len(text32)-1]
		text64 := base64.RawStdEncoding.EncodeToString(padded)
		forms[fmt.Sprint("base64, shifted by ", before)] = text64[skip64 : len(text64)-1]
	}
	return forms
}
