package relay

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pion/stun/v4"
)

const (
	// minSecret is how many bytes a secret must have: passwords are handed out, so
	// a secret can be guessed offline by anyone who holds one.
	minSecret = 16
	// maxUsername bounds what clients may send as USERNAME (RFC 8489, section 14.3).
	maxUsername = 508
)

var errBadUsername = errors.New("username is not EXPIRY:USER")

// Credentials makes a username and password that Servers with the same secret
// accept until now+lifetime: EXPIRY:USER, EXPIRY in Unix seconds, and the base64 of
// its HMAC-SHA1 under secret. This is the form of coturn's use-auth-secret and of
// draft-uberti-behave-turn-rest-00. user must not be empty.
func Credentials(secret, user string, lifetime time.Duration, now time.Time) (username, password string) {
	username = strconv.FormatInt(now.Add(lifetime).Unix(), 10) + ":" + user
	return username, passwordOf(secret, username)
}

func passwordOf(secret, username string) string {
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(username))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// parseUsername takes EXPIRY:USER apart.
func parseUsername(username string) (expiry time.Time, user string, err error) {
	seconds, user, _ := strings.Cut(username, ":")
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || n < 0 || user == "" || len(username) > maxUsername {
		return time.Time{}, "", errBadUsername
	}
	return time.Unix(n, 0), user, nil
}

// keyOf is the key of the long-term credential mechanism (RFC 8489, section 9.2.2).
func keyOf(username, realm, password string) stun.MessageIntegrity {
	sum := md5.Sum([]byte(username + ":" + realm + ":" + password))
	return sum[:]
}

// findKey returns the key made from the one of secrets with which message is
// authenticated; that of the first if it is with none, so that the check fails.
func findKey(secrets []string, username, realm string, message []byte) stun.MessageIntegrity {
	first := keyOf(username, realm, passwordOf(secrets[0], username))
	if len(secrets) == 1 {
		return first
	}
	m := &stun.Message{Raw: append([]byte(nil), message...)}
	if m.Decode() != nil || first.Check(m) == nil {
		return first
	}
	for _, secret := range secrets[1:] {
		if key := keyOf(username, realm, passwordOf(secret, username)); key.Check(m) == nil {
			return key
		}
	}
	return first
}

const maxSecrets = 4 // more than anyone needs to exchange one; each costs two hashes a request

func checkSecrets(secrets []string) error {
	if len(secrets) == 0 || len(secrets) > maxSecrets {
		return fmt.Errorf("%d secrets: need 1 to %d", len(secrets), maxSecrets)
	}
	for _, s := range secrets {
		if len(s) < minSecret {
			return fmt.Errorf("a secret of %d bytes: need %d", len(s), minSecret)
		}
	}
	return nil
}
