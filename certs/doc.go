// Package certs is who I am and whom I trust. It knows nothing of the network.
//
//   - An Identity is an Ed25519 key with a self-signed certificate, kept in one
//     private PEM file; or a key with a certificate from somebody's own CA. It can
//     introduce a successor of its own.
//   - A PeerID is the printable, checksummed form of a public key. It is all
//     that a self-signed certificate says: names and dates in it mean nothing.
//   - VerifyPeer and Identity.TLSConfig turn a TLS handshake into a Peer.
//   - Known is the list of known peers, each name pinned to a key. Authorities
//     are CAs whose certificates introduce peers by name.
//   - SAS lets two people compare seven digits and so rule out that somebody
//     sits between them. A Ticket introduces a peer in one line of text, once;
//     TicketFile remembers which were issued and which are used.
//   - RoomPassphrase lets the members of a room prove to each other that they know
//     its passphrase, and gives it away to nobody. Guesses limits guessers.
//
// Whoever holds the private key that belongs to a peer ID is that peer: TLS 1.3
// proves the possession, this package says whose key it is, and package peer
// decides what that peer may do.
package certs
