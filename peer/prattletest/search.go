package prattletest

import "bytes"

// A Secret is something that must not be found somewhere.
type Secret struct {
	Name  string
	Bytes []byte
}

// Hits counts in how many places of a haystack secrets are.
func Hits(haystack []byte, secrets []Secret) (count int, found []string) {
	for _, s := range secrets {
		if n := bytes.Count(haystack, s.Bytes); n > 0 {
			count += n
			found = append(found, s.Name)
		}
	}
	return count, found
}
