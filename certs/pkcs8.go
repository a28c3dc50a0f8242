package certs

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"hash"

	"golang.org/x/crypto/scrypt"
)

// Private keys under a passphrase are PKCS #8 EncryptedPrivateKeyInfo (RFC 5958)
// with PBES2 (RFC 8018), so that OpenSSL and others read them too. We write
// scrypt (RFC 7914, section 7) with AES-256-CBC, and read PBKDF2 besides, which
// is what OpenSSL writes unless asked. CBC does not authenticate, but a wrong
// passphrase yields no private key, let alone the one of the certificate.

// Errors of private keys under a passphrase.
var (
	ErrPassphraseNeeded = errors.New("private key is protected by a passphrase")
	ErrPassphraseWrong  = errors.New("wrong passphrase")
)

var (
	oidPBES2      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
	oidScrypt     = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11591, 4, 11}
	oidAES128CBC  = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 2}
	oidAES256CBC  = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}
	oidHMACSHA1   = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 7}
	oidHMACSHA256 = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 9}
	oidHMACSHA512 = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 11}
)

// What we write: OWASP's advice for scrypt in 16 MiB, since OpenSSL by default
// refuses to use 32 or more. About a quarter of a second.
const (
	scryptN = 1 << 14
	scryptR = 8
	scryptP = 5
	saltLen = 16 // bytes
)

// What we read, at most: seconds of work and 256 MiB, whoever wrote the file.
const (
	maxScryptMemory  = 256 << 20 // bytes
	maxScryptWork    = 1 << 22   // N·r·p
	maxPBKDF2        = 10_000_000
	maxEncryptedSize = 64 << 10 // bytes
)

type encryptedPrivateKeyInfo struct {
	Algorithm pkix.AlgorithmIdentifier
	Data      []byte
}

type pbes2Params struct {
	KDF    pkix.AlgorithmIdentifier
	Cipher pkix.AlgorithmIdentifier
}

type scryptParams struct {
	Salt      []byte
	N, R, P   int
	KeyLength int `asn1:"optional"`
}

type pbkdf2Params struct {
	Salt       []byte
	Iterations int
	KeyLength  int                      `asn1:"optional"`
	PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
}

// encryptedKey is an EncryptedPrivateKeyInfo that we understand.
type encryptedKey struct {
	derive func(passphrase []byte) ([]byte, error) // the slow step
	iv     []byte
	data   []byte
}

// parseEncryptedKey reads an EncryptedPrivateKeyInfo and checks that it can be
// decrypted at a cost that we are ready to pay.
func parseEncryptedKey(der []byte) (encryptedKey, error) {
	var info encryptedPrivateKeyInfo
	var params pbes2Params
	var key encryptedKey
	if err := unmarshalDER(der, &info); err != nil {
		return key, fmt.Errorf("encrypted private key: %w", err)
	}
	if !info.Algorithm.Algorithm.Equal(oidPBES2) {
		return key, fmt.Errorf("encrypted private key: unknown scheme %v, want PBES2", info.Algorithm.Algorithm)
	}
	if err := unmarshalDER(info.Algorithm.Parameters.FullBytes, &params); err != nil {
		return key, fmt.Errorf("encrypted private key: PBES2: %w", err)
	}
	keyLen, err := cipherKeyLength(params.Cipher.Algorithm)
	if err != nil {
		return key, err
	}
	if err := unmarshalDER(params.Cipher.Parameters.FullBytes, &key.iv); err != nil || len(key.iv) != aes.BlockSize {
		return key, errors.New("encrypted private key: malformed initialisation vector")
	}
	if n := len(info.Data); n == 0 || n%aes.BlockSize != 0 || n > maxEncryptedSize {
		return key, fmt.Errorf("encrypted private key: %d bytes of ciphertext", n)
	}
	key.data = info.Data
	key.derive, err = parseKDF(params.KDF, keyLen)
	return key, err
}

func cipherKeyLength(oid asn1.ObjectIdentifier) (int, error) {
	switch {
	case oid.Equal(oidAES128CBC):
		return 16, nil
	case oid.Equal(oidAES256CBC):
		return 32, nil
	}
	return 0, fmt.Errorf("encrypted private key: unknown cipher %v, want AES-256-CBC", oid)
}

func parseKDF(alg pkix.AlgorithmIdentifier, keyLen int) (func([]byte) ([]byte, error), error) {
	switch {
	case alg.Algorithm.Equal(oidScrypt):
		return parseScrypt(alg.Parameters.FullBytes, keyLen)
	case alg.Algorithm.Equal(oidPBKDF2):
		return parsePBKDF2(alg.Parameters.FullBytes, keyLen)
	}
	return nil, fmt.Errorf("encrypted private key: unknown key derivation %v, want scrypt or PBKDF2", alg.Algorithm)
}

func parseScrypt(der []byte, keyLen int) (func([]byte) ([]byte, error), error) {
	var p scryptParams
	if err := unmarshalDER(der, &p); err != nil {
		return nil, fmt.Errorf("encrypted private key: scrypt: %w", err)
	}
	const most = maxScryptWork // of each factor, so that no product overflows
	if p.N < 2 || p.N&(p.N-1) != 0 || p.R < 1 || p.P < 1 || p.N > most || p.R > most || p.P > most ||
		128*int64(p.N)*int64(p.R) > maxScryptMemory || int64(p.N)*int64(p.R) > maxScryptWork/int64(p.P) {
		return nil, fmt.Errorf("encrypted private key: scrypt cost N=%d r=%d p=%d is invalid or too high", p.N, p.R, p.P)
	}
	return func(passphrase []byte) ([]byte, error) {
		return scrypt.Key(passphrase, p.Salt, p.N, p.R, p.P, keyLen)
	}, nil
}

func parsePBKDF2(der []byte, keyLen int) (func([]byte) ([]byte, error), error) {
	var p pbkdf2Params
	if err := unmarshalDER(der, &p); err != nil {
		return nil, fmt.Errorf("encrypted private key: PBKDF2: %w", err)
	}
	if p.Iterations < 1 || p.Iterations > maxPBKDF2 {
		return nil, fmt.Errorf("encrypted private key: %d iterations of PBKDF2, at most %d", p.Iterations, maxPBKDF2)
	}
	var h func() hash.Hash
	switch prf := p.PRF.Algorithm; {
	case len(prf) == 0, prf.Equal(oidHMACSHA1): // the default of RFC 8018
		h = sha1.New
	case prf.Equal(oidHMACSHA256):
		h = sha256.New
	case prf.Equal(oidHMACSHA512):
		h = sha512.New
	default:
		return nil, fmt.Errorf("encrypted private key: unknown PBKDF2 hash %v", prf)
	}
	return func(passphrase []byte) ([]byte, error) {
		return pbkdf2.Key(h, string(passphrase), p.Salt, p.Iterations, keyLen)
	}, nil
}

// open decrypts the key. Its error is ErrPassphraseWrong if that yields none.
func (k encryptedKey) open(passphrase []byte) (crypto.PrivateKey, error) {
	secret, err := k.derive(passphrase)
	if err != nil {
		return nil, fmt.Errorf("derive key from passphrase: %w", err)
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	plain := make([]byte, len(k.data))
	cipher.NewCBCDecrypter(block, k.iv).CryptBlocks(plain, k.data)
	pad := int(plain[len(plain)-1])
	if pad < 1 || pad > aes.BlockSize {
		return nil, ErrPassphraseWrong
	}
	key, err := x509.ParsePKCS8PrivateKey(plain[:len(plain)-pad])
	if err != nil {
		return nil, ErrPassphraseWrong
	}
	return key, nil
}

// sealPrivateKey makes an EncryptedPrivateKeyInfo of a PKCS #8 private key.
func sealPrivateKey(plain, passphrase []byte) ([]byte, error) {
	random := make([]byte, saltLen+aes.BlockSize)
	rand.Read(random) // never fails (crypto/rand)
	salt, iv := random[:saltLen], random[saltLen:]
	secret, err := scrypt.Key(passphrase, salt, scryptN, scryptR, scryptP, 32)
	if err != nil {
		return nil, fmt.Errorf("derive key from passphrase: %w", err)
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	data := padBlocks(plain)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(data, data)
	return marshalPBES2(scryptParams{Salt: salt, N: scryptN, R: scryptR, P: scryptP}, iv, data)
}

// padBlocks copies plain and fills its last block (RFC 8018, section 6.1.1).
func padBlocks(plain []byte) []byte {
	pad := aes.BlockSize - len(plain)%aes.BlockSize
	data := make([]byte, len(plain)+pad)
	for i := copy(data, plain); i < len(data); i++ {
		data[i] = byte(pad)
	}
	return data
}

func marshalPBES2(kdf scryptParams, iv, data []byte) ([]byte, error) {
	kdfDER, err1 := asn1.Marshal(kdf)
	ivDER, err2 := asn1.Marshal(iv)
	params, err3 := asn1.Marshal(pbes2Params{
		KDF:    pkix.AlgorithmIdentifier{Algorithm: oidScrypt, Parameters: asn1.RawValue{FullBytes: kdfDER}},
		Cipher: pkix.AlgorithmIdentifier{Algorithm: oidAES256CBC, Parameters: asn1.RawValue{FullBytes: ivDER}},
	})
	der, err4 := asn1.Marshal(encryptedPrivateKeyInfo{
		Algorithm: pkix.AlgorithmIdentifier{Algorithm: oidPBES2, Parameters: asn1.RawValue{FullBytes: params}},
		Data:      data,
	})
	return der, errors.Join(err1, err2, err3, err4)
}

// unmarshalDER reads exactly one value.
func unmarshalDER(der []byte, v any) error {
	rest, err := asn1.Unmarshal(der, v)
	if err == nil && len(rest) > 0 {
		err = errors.New("data after its end")
	}
	return err
}
