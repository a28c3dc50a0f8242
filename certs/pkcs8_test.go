package certs

import (
	"crypto/aes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// One key, which OpenSSL 3.0 has put under the passphrase "correct horse" with
// several options of openssl pkcs8 -topk8.
const opensslPublic = "bc9710671ac9e6b89531b9fd503808c4e978c023bcc178525ffabd5d9078e734"

var opensslKeys = map[string]string{
	"PBKDF2 SHA-256 AES-256": `-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAiEPdPC+9qCaAICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEDOv76/S08bqfIf402hI0JMEQIHR
D4IBL+Y69wFbr8zOAVLBKJJU2d8K8qZvRj1rupRo99rB3W4XQVTIQxYdcFTTbbFu
XS5Le4CmpzVzsq3H7jA=
-----END ENCRYPTED PRIVATE KEY-----
`,
	"scrypt AES-256": `-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGTME8GCSqGSIb3DQEFDTBCMCEGCSsGAQQB2kcECzAUBAjo6dN7zAdR6AICQAAC
AQgCAQEwHQYJYIZIAWUDBAEqBBBQnJBEZZ2mm/YahjfkWb1aBED5bZyR8tc3BjPv
wiQC/1JHBqBQ8tTFBe1GzsSPYlUlWJL33JFdWppVlf12b4i1c73VQ4SeIgq4Dq3c
Zv43ExLl
-----END ENCRYPTED PRIVATE KEY-----
`,
	"PBKDF2 SHA-1 AES-128": `-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGNMEkGCSqGSIb3DQEFDTA8MBsGCSqGSIb3DQEFDDAOBAijdxRbK6ljRQICCAAw
HQYJYIZIAWUDBAECBBCBoAT0ztn5ljHLYRnmjhCMBEDehslGHB2pfgrjFYqicwze
s3x88XuqLFHWNANQpWNKDids63tslgr1PG91jzy1i++24YY82Hop+KVGOLws9PYs
-----END ENCRYPTED PRIVATE KEY-----
`,
	"PBKDF2 SHA-512 AES-256": `-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgWhKDG95OPgAICCAAw
DAYIKoZIhvcNAgsFADAdBglghkgBZQMEASoEEH93NBc2Wpu1zm7bFHVZXsYEQJ7x
csEP9znCmsRw8LekT1zlathfeFOXMHtBouqKRZpFs1NDtHJ0IfNWIZkm0ykUvLnB
fK8SxN5r+Ez9nlVIVAI=
-----END ENCRYPTED PRIVATE KEY-----
`,
}

const opensslTripleDES = `-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGKME4GCSqGSIb3DQEFDTBBMCkGCSqGSIb3DQEFDDAcBAiEG0TmbQ7nUAICCAAw
DAYIKoZIhvcNAgkFADAUBggqhkiG9w0DBwQI5JPAhQ/UCRoEOCUHsoMGKQ1AJZWe
UHX/jI9DqgTfkUW0jmZckFkBQppHi8+JT62aRoYAyC/E7dPvFdcLBm7VnxOL
-----END ENCRYPTED PRIVATE KEY-----
`

func decodePEM(t testing.TB, text string) []byte {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		t.Fatalf("no PEM block in %q", text)
	}
	return block.Bytes
}

func TestReadsKeysOfOpenSSL(t *testing.T) {
	for name, text := range opensslKeys {
		t.Run(name, func(t *testing.T) {
			sealed, err := parseEncryptedKey(decodePEM(t, text))
			if err != nil {
				t.Fatal(err)
			}
			key, err := sealed.open([]byte("correct horse"))
			if err != nil {
				t.Fatal(err)
			}
			if got := hex.EncodeToString(key.(ed25519.PrivateKey)[32:]); got != opensslPublic {
				t.Errorf("public key %s, want %s", got, opensslPublic)
			}
			if _, err := sealed.open([]byte("correct house")); !errors.Is(err, ErrPassphraseWrong) {
				t.Errorf("wrong passphrase: %v", err)
			}
		})
	}
}

func TestOpenSSLReadsOurKeys(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("no openssl here")
	}
	path := filepath.Join(t.TempDir(), "identity.pem")
	id, err := Create(path, []byte("correct horse"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(openssl, "pkey", "-in", path, "-passin", "env:PASSPHRASE", "-pubout", "-outform", "DER")
	cmd.Env = append(os.Environ(), "PASSPHRASE=correct horse")
	der, err := cmd.Output()
	if err != nil {
		t.Fatalf("openssl pkey: %v", err)
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil || PeerID(key.(ed25519.PublicKey)) != id.ID() {
		t.Errorf("openssl sees another key: %v, %v", key, err)
	}
}

func TestRefusesCostlyOrUnknownEncryption(t *testing.T) {
	iv, data := make([]byte, aes.BlockSize), make([]byte, 4*aes.BlockSize)
	scrypt := func(n, r, p int) []byte {
		der, err := marshalPBES2(scryptParams{Salt: iv, N: n, R: r, P: p}, iv, data)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	short, err := marshalPBES2(scryptParams{Salt: iv, N: 2, R: 1, P: 1}, iv, data[:17])
	if err != nil {
		t.Fatal(err)
	}
	good := scrypt(scryptN, scryptR, scryptP)
	for name, test := range map[string]struct {
		der  []byte
		want string
	}{
		"memory":          {scrypt(1<<20, 8, 1), "cost"},
		"work":            {scrypt(1<<14, 8, 1<<10), "cost"},
		"overflow":        {scrypt(1<<62, 1<<62, 1<<62), "cost"},
		"N no power of 2": {scrypt(1000, 8, 1), "cost"},
		"negative":        {scrypt(2, -1, 1), "cost"},
		"zero":            {scrypt(2, 8, 0), "cost"},
		"half a block":    {short, "ciphertext"},
		"cipher":          {decodePEM(t, opensslTripleDES), "unknown cipher"},
		"empty":           {nil, "encrypted private key"},
		"cut short":       {good[:len(good)-1], "encrypted private key"},
		"trailing bytes":  {append(good, 0), "after its end"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := parseEncryptedKey(test.der); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error about %q", err, test.want)
			}
		})
	}
	if _, err := parseEncryptedKey(good); err != nil {
		t.Errorf("what we write ourselves: %v", err)
	}
}

func TestSealedKeysDiffer(t *testing.T) {
	first, err1 := sealPrivateKey([]byte("secret"), []byte("p"))
	second, err2 := sealPrivateKey([]byte("secret"), []byte("p"))
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if string(first) == string(second) {
		t.Error("salt and initialisation vector are not random")
	}
}

// Only the reading is fuzzed; the slow derivation takes what it is given.
func FuzzParseEncryptedKey(f *testing.F) {
	for _, text := range opensslKeys {
		f.Add(decodePEM(f, text))
	}
	f.Add(decodePEM(f, opensslTripleDES))
	f.Fuzz(func(t *testing.T, der []byte) {
		key, err := parseEncryptedKey(der)
		if err == nil && (len(key.iv) != aes.BlockSize || len(key.data) == 0 || len(key.data)%aes.BlockSize != 0 || key.derive == nil) {
			t.Errorf("accepted what cannot be decrypted: %+v", key)
		}
	})
}
