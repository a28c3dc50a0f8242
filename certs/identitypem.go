package certs

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
)

// An identity file is PEM (RFC 7468): one PRIVATE KEY (PKCS #8, Ed25519: RFC
// 8410) or ENCRYPTED PRIVATE KEY and one CERTIFICATE, self-signed. Text between
// the blocks is for people.

// maxIdentitySize bounds an identity, key or certificate file, in bytes. An
// identity has 700; a chain with RSA keys some thousands.
const maxIdentitySize = 64 << 10

// PEM block types.
const (
	pemPrivateKey   = "PRIVATE KEY"
	pemEncryptedKey = "ENCRYPTED PRIVATE KEY"
	pemPKCS1Key     = "RSA PRIVATE KEY"
	pemSEC1Key      = "EC PRIVATE KEY"
	pemCertificate  = "CERTIFICATE"
)

// encode is the reverse of parseIdentity.
func (id *Identity) encode(passphrase []byte) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(id.cert.PrivateKey)
	if err != nil {
		return nil, fmt.Errorf("encode private key: %w", err)
	}
	key := &pem.Block{Type: pemPrivateKey, Bytes: der}
	if len(passphrase) > 0 {
		key.Type = pemEncryptedKey
		if key.Bytes, err = sealPrivateKey(der, passphrase); err != nil {
			return nil, fmt.Errorf("encode private key: %w", err)
		}
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "Prattle identity. Whoever has this file is you: show it to nobody.\nPeer ID: %s\n", id.id)
	return append(append(b.Bytes(), pem.EncodeToMemory(key)...), encodeCertificate(id.cert.Certificate[0])...), nil
}

func encodeCertificate(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: pemCertificate, Bytes: der})
}

func parseIdentity(data []byte, ask Passphrase) (*Identity, error) {
	_, blocks, err := parsePublic(data)
	if err != nil {
		return nil, err
	}
	return pair(blocks, ask)
}

// parsePublic reads all of an identity file but the private key.
func parsePublic(data []byte) (Public, pemBlocks, error) {
	blocks, err := parsePEM(data)
	switch {
	case err != nil:
		return Public{}, blocks, err
	case blocks.key == nil:
		return Public{}, blocks, fmt.Errorf("%w: no private key in it", ErrMalformed)
	case len(blocks.chain) != 1:
		return Public{}, blocks, fmt.Errorf("%w: %d certificates in it instead of one", ErrMalformed, len(blocks.chain))
	}
	leaf, err := x509.ParseCertificate(blocks.chain[0])
	if err != nil {
		return Public{}, blocks, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	peer, err := selfSignedPeer(leaf)
	if err != nil {
		return Public{}, blocks, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return Public{
		ID:          peer.ID,
		Succeeds:    peer.Succeeds,
		Certificate: encodeCertificate(leaf.Raw),
		Encrypted:   blocks.key.Type == pemEncryptedKey,
	}, blocks, nil
}

func parsePair(certData, keyData []byte, ask Passphrase) (*Identity, error) {
	blocks, err := parsePEM(certData)
	if err != nil {
		return nil, err
	}
	keyBlocks, err := parsePEM(keyData)
	if err != nil {
		return nil, err
	}
	blocks.key = keyBlocks.key
	switch {
	case len(blocks.chain) == 0:
		return nil, fmt.Errorf("%w: no certificate", ErrMalformed)
	case blocks.key == nil:
		return nil, fmt.Errorf("%w: no private key", ErrMalformed)
	}
	return pair(blocks, ask)
}

// pemBlocks is what a PEM file holds that concerns us.
type pemBlocks struct {
	key   *pem.Block
	chain [][]byte // certificates
}

// parsePEM finds the private key, of which there may be one, and the
// certificates. It passes over other blocks, such as EC PARAMETERS.
func parsePEM(data []byte) (pemBlocks, error) {
	var found pemBlocks
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			return found, nil
		}
		switch block.Type {
		case pemCertificate:
			found.chain = append(found.chain, block.Bytes)
		case pemPrivateKey, pemEncryptedKey, pemPKCS1Key, pemSEC1Key:
			if found.key != nil {
				return found, fmt.Errorf("%w: two private keys in it", ErrMalformed)
			}
			found.key = block
		}
		if len(found.chain) > maxChain {
			return found, fmt.Errorf("%w: more than %d certificates in it", ErrMalformed, maxChain)
		}
	}
}

// pair joins a private key and its certificate chain.
func pair(blocks pemBlocks, ask Passphrase) (*Identity, error) {
	key, err := parsePrivateKey(blocks.key, ask)
	if err != nil {
		return nil, err
	}
	id, err := newIdentity(tls.Certificate{Certificate: blocks.chain, PrivateKey: key})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	leaf := id.cert.Leaf
	if selfIssued(leaf) {
		if _, err := selfSignedPeer(leaf); err != nil {
			return nil, err
		}
	}
	public, ok := leaf.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	if signer, isSigner := key.(crypto.Signer); !ok || !isSigner || !public.Equal(signer.Public()) {
		return nil, ErrKeyMismatch
	}
	return id, nil
}

func parsePrivateKey(block *pem.Block, ask Passphrase) (crypto.PrivateKey, error) {
	switch block.Type {
	case pemEncryptedKey:
		return openEncrypted(block.Bytes, ask)
	case pemPKCS1Key, pemSEC1Key:
		if block.Headers["DEK-Info"] != "" {
			return nil, fmt.Errorf("%w: private key encrypted in the old way of OpenSSL; convert it with openssl pkcs8 -topk8", ErrMalformed)
		}
	}
	var key crypto.PrivateKey
	var err error
	switch block.Type {
	case pemPKCS1Key:
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case pemSEC1Key:
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	if err != nil {
		return nil, fmt.Errorf("%w private key: %w", ErrMalformed, err)
	}
	return key, nil
}

func openEncrypted(der []byte, ask Passphrase) (crypto.PrivateKey, error) {
	sealed, err := parseEncryptedKey(der)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if ask == nil {
		return nil, ErrPassphraseNeeded
	}
	passphrase, err := ask()
	if err != nil {
		return nil, err
	}
	return sealed.open(passphrase)
}
