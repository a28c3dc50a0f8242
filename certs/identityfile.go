package certs

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// ErrMalformed is wrapped when a file does not hold what it should.
var ErrMalformed = errors.New("malformed")

// ErrKeyMismatch is wrapped when a private key is not that of the certificate
// beside it.
var ErrKeyMismatch = errors.New("private key and certificate do not belong together")

// Passphrase asks for the passphrase of a private key. It is called only when
// one is needed. A nil Passphrase has none: such keys give ErrPassphraseNeeded.
type Passphrase func() ([]byte, error)

// Public is the part of an identity file that is no secret.
type Public struct {
	ID          PeerID
	Succeeds    PeerID // the identity that has introduced this one; else zero
	Certificate []byte // PEM, for others to keep
	Encrypted   bool   // the private key is protected by a passphrase
}

// Create makes a new identity and writes it to a file that did not exist, with
// mode 0600; fs.ErrExist is wrapped if it did. An empty passphrase leaves the
// private key unencrypted.
func Create(path string, passphrase []byte) (*Identity, error) {
	id, err := New()
	if err != nil {
		return nil, err
	}
	data, err := id.encode(passphrase)
	if err != nil {
		return nil, err
	}
	if err := createFile(path, data); err != nil {
		return nil, fmt.Errorf("create identity: %w", err)
	}
	return id, nil
}

// Load reads an identity file. Its errors wrap fs.ErrNotExist, *ExposedError,
// *OwnerError, ErrNotRegular, ErrTooLarge, ErrMalformed, ErrKeyMismatch,
// ErrPassphraseNeeded, ErrPassphraseWrong or that of ask.
func Load(path string, ask Passphrase) (*Identity, error) {
	data, err := readKeyFile(path)
	if err != nil {
		return nil, fmt.Errorf("read identity: %w", err)
	}
	id, err := parseIdentity(data, ask)
	if err != nil {
		return nil, fmt.Errorf("identity %s: %w", path, err)
	}
	return id, nil
}

// LoadOrCreate is Load, or Create without a passphrase and with the directories
// that lead to the file if there is none yet. Of several processes that call it
// at once, all get the same identity.
func LoadOrCreate(path string, ask Passphrase) (*Identity, error) {
	id, err := Load(path, ask)
	if !errors.Is(err, fs.ErrNotExist) {
		return id, err
	}
	if err := os.MkdirAll(filepath.Dir(path), privateDir); err != nil {
		return nil, fmt.Errorf("create identity: %w", err)
	}
	id, err = Create(path, nil)
	if errors.Is(err, fs.ErrExist) {
		return Load(path, ask)
	}
	return id, err
}

// Rotate puts a fresh identity, which the old one introduces, in the place of an
// identity file. The old file is kept under the returned path, beside it. A
// passphrase that the old one has protects the new one too. The errors are those
// of Load; fs.ErrExist is wrapped if there is such an old file already.
func Rotate(path string, ask Passphrase) (id *Identity, kept string, err error) {
	var passphrase []byte
	old, err := Load(path, func() ([]byte, error) {
		if ask == nil {
			return nil, ErrPassphraseNeeded
		}
		passphrase, err = ask()
		return passphrase, err
	})
	if err != nil {
		return nil, "", err
	}
	if id, err = old.Successor(); err != nil {
		return nil, "", err
	}
	kept = path + ".old-" + old.ID().Short()
	if err := replaceIdentity(path, kept, id, passphrase); err != nil {
		return nil, "", fmt.Errorf("rotate identity: %w", err)
	}
	return id, kept, nil
}

// replaceIdentity copies the file at path to kept, then replaces it. Whatever
// happens between, one of the two holds the old identity.
func replaceIdentity(path, kept string, id *Identity, passphrase []byte) error {
	data, err := id.encode(passphrase)
	if err != nil {
		return err
	}
	old, err := readKeyFile(path)
	if err != nil {
		return err
	}
	if err := createFile(kept, old); err != nil {
		return err
	}
	return replaceFile(path, data)
}

// LoadPublic reads the public part of an identity file. It needs no passphrase,
// but the same rights as Load.
func LoadPublic(path string) (Public, error) {
	data, err := readKeyFile(path)
	if err != nil {
		return Public{}, fmt.Errorf("read identity: %w", err)
	}
	public, _, err := parsePublic(data)
	if err != nil {
		return Public{}, fmt.Errorf("identity %s: %w", path, err)
	}
	return public, nil
}

// LoadPair reads an identity from a certificate chain, leaf first, and a private
// key: the files that a CA of one's own gives out. They may be one file. Ed25519,
// ECDSA and RSA keys will do, but a key other than Ed25519 means something only
// to peers that trust the CA. The errors are those of Load, and *ExpiredError.
func LoadPair(certPath, keyPath string, ask Passphrase) (*Identity, error) {
	chain, err := readFile(certPath, maxIdentitySize, noBits)
	if err != nil {
		return nil, fmt.Errorf("read certificate: %w", err)
	}
	key, err := readKeyFile(keyPath)
	if err != nil {
		return nil, fmt.Errorf("read private key: %w", err)
	}
	id, err := parsePair(chain, key, ask)
	if err != nil {
		return nil, fmt.Errorf("identity %s and %s: %w", certPath, keyPath, err)
	}
	if leaf := id.cert.Leaf; !selfIssued(leaf) && time.Now().After(leaf.NotAfter) {
		return nil, fmt.Errorf("identity %s: %w", certPath, &ExpiredError{NotBefore: leaf.NotBefore, NotAfter: leaf.NotAfter})
	}
	return id, nil
}

// readKeyFile reads a file with a private key. That a file without one is open to
// others is not the fault to tell of: the cure would be worse, if it is the
// system's.
func readKeyFile(path string) ([]byte, error) {
	data, err := readFile(path, maxIdentitySize, secretBits)
	var exposed *ExposedError
	if errors.As(err, &exposed) && !bytes.Contains(data, []byte(pemPrivateKey)) {
		return nil, fmt.Errorf("%s: %w: no private key in it", path, ErrMalformed)
	}
	return data, err
}
