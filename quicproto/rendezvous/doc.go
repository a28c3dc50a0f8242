// Package rendezvous is where peers meet who do not know each other's addresses:
// both ends of the protocol between a program and a server (cmd/prattled). It
// knows nothing of media.
//
// A Client registers its device, which is one running program, at a Server; it
// looks up the devices of a peer by the peer ID and sends them mail. Mail is
// sealed for each device and signed by the sender, so that a server learns who
// wants to reach whom and when, how much, and the addresses of its clients, and
// nothing else. A server that lies can withhold mail and delay it, but not read,
// forge, alter, redirect or repeat it. It keeps no mail: who is not registered
// cannot be reached. A registration is a connection: it ends with it.
//
// Several servers share what is registered through a Directory; that of package
// natsdirectory is NATS.
//
// # On the wire
//
// QUIC v1 on UDP, or TLS 1.3 on TCP for those whose network lets no UDP through, with
// ALPN "prattle-rendezvous/1" and the TLS of package certs: both ends show their
// identities, and no other certificate counts. Over QUIC there is one bidirectional
// stream, which the client opens; over TLS the connection is the stream. On it each
// message is
//
//	length (QUIC varint) | CBOR (RFC 8949)
//
// with this CDDL (RFC 8610):
//
//	message  = [kind: uint, body: {* uint => any}]   ; at most 16 KiB
//	register = [1, {1: request, 2: card}]            ; first, and again with each new key
//	lookup   = [2, {1: request, 2: peer}]
//	send     = [3, {1: request, 2: peer, 3: device, 4: sealed}]
//	answer   = [4, {1: request, ? 2: code, ? 3: [* card], ? 4: time}]
//	mail     = [5, {1: peer, 2: card, 3: sealed}]    ; sender, with the card it has registered
//	services = [6, {? 1: [* tstr], ? 2: [* turn], ? 3: seconds}]  ; STUN servers, relays, how long credentials last
//	go-away  = [7, {}]                               ; register elsewhere: this server is about to stop
//	alive    = [8, {}]                               ; the client is there, each 3 s; over TLS the server answers with the same
//	farewell = [9, {1: close-code}]                  ; over TLS, last: why the connection ends
//
//	turn     = {1: tstr, ? 2: tstr, ? 3: tstr}       ; URL (RFC 7065), username, password
//	card     = [bstr .cbor device-key, signature]
//	device-key = {1: device, 2: public-key, 3: time} ; with its last second
//	peer     = bstr .size 32
//	device   = bstr .size 8
//	public-key = bstr .size 1216                     ; of HPKE (RFC 9180), KEM MLKEM768-X25519
//	signature = bstr .size 64                        ; Ed25519 (RFC 8032)
//	sealed   = bstr .size (1136..6144)
//	time     = uint                                  ; Unix, in seconds
//	seconds  = uint
//	request  = uint                                  ; returned in the answer
//	code     = 0..5
//	close-code = uint
//
// The server answers each register, lookup and send, in any order, with a code:
//
//	0  done
//	1  no such device is registered
//	2  too much is under way: try again later
//	3  too many devices of this peer are registered
//	4  the other servers do not answer
//	5  the key is not valid now: the clocks differ
//
// A card is a device's public key, signed by its peer's identity over
//
//	"prattle rendezvous card v1" | device-key
//
// Mail is sealed by HPKE in base mode with HKDF-SHA256 and ChaCha20-Poly1305:
//
//	sealed = encapsulated key (1120) | ciphertext
//	info   = "prattle rendezvous mail v1"
//	aad    = sender (32) | recipient (32) | recipient's device (8)
//
// and its plaintext is
//
//	letter = [bstr .cbor {1: device, 2: bstr .size 16, 3: bstr .size (0..4096)}, signature]
//
// with the sender's device, a number that is used once, and the body, signed by the
// sender's identity over
//
//	"prattle rendezvous letter v1" | aad | SHA-256 of the public key it is sealed for | the first element
//
// Messages of unknown kinds are skipped; malformed ones close the connection.
// CONNECTION_CLOSE, or farewell, has one of these codes:
//
//	0  no longer needed
//	1  malformed or unexpected messages
//	2  this identity is not served
//	3  too many connections
//	4  the server stops: go elsewhere
//	5  the device is registered by a newer connection
//	6  too slow
//
// # By UDP or by TCP
//
// A server is named by its host and UDP port; over TLS it is at TCP port 443 of the
// same host, which it may share with a relay (package relay) and with whatever else
// is told apart by ALPN. A client asks over QUIC; if nothing has come of it after about a
// second it asks over TLS as well, and stays with what answers first, until its network
// changes (Client.Kick). A connection ends after 12 s of silence, which QUIC sees by
// itself and both ends of a TLS connection by a clock.
//
// A handshake over TLS has 5 s. Until it is complete, a source (an IPv4 address or
// an IPv6 /64) has at most 16 of them, and all together 512, beside those of QUIC; who
// begins them faster than eight a second is refused. From then on the same limits hold
// for connections of both kinds.
package rendezvous
