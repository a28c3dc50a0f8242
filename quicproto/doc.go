// Package quicproto carries media and control messages between two peers over
// QUIC. It knows nothing of devices.
//
// A packet's journey:
//
//	Session.SendVideo -> packetise -> protect -> sendQueue (importance, pacing) -> Session.Pop
//	  -> Conn.Outgoing -> lane (whichever QUIC connection has room) -> DATAGRAM
//	DATAGRAM -> Conn.Datagrams -> Session.HandleDatagram -> arrivalLog, nackTracker,
//	  fecReceiver -> assembler -> Session.PopFrame
//
// Conn moves bytes; Session, which is all mechanisms and no I/O, decides what is
// sent and when.
//
// # Datagrams
//
// As in RTP over QUIC (draft-ietf-avtcore-rtp-over-quic), a datagram is
//
//	flow id (QUIC varint) | RTP or RTCP packet
//
//	0  audio     RTP, Opus (RFC 7587), payload type 111; with copies of the packets
//	             before it where they are lost (RFC 2198), payload type 63
//	1  feedback  RTCP: congestion control feedback (RFC 8888), generic NACK
//	             (RFC 4585), APP "LOSS", sender reports (RFC 3550)
//	2  repair    RTP, payload type 97: retransmissions (after RFC 4588); payload
//	             type 102: parity of the packets of a frame
//	3  video     RTP, VP9 (RFC 9628, flexible mode) 98, VP8 (RFC 7741) 96
//
// SSRCs are 1 (audio), 2 (video), 3 (retransmissions) and 4 (parity) in either
// direction.
//
// A parity packet's payload is
//
//	base (16) | data packets (8) | parity packets (8) | index among these (8) | shard
//
// A block is so many video packets from the sequence number base on, at most
// 40, all of one frame. Shard i of the data is packet i's length in 16 bits and
// the whole RTP packet, padded with zeros to the longest; the shards of the
// parity packets are those of the systematic Reed-Solomon code over GF(2^8)
// (polynomial 0x11d) whose matrix is the Vandermonde matrix times the inverse of
// its upper square. Any as many shards as there are data packets restore the rest.
//
// # Control messages
//
// On the first bidirectional stream that the dialler opens, each message is
//
//	length (QUIC varint) | CBOR (RFC 8949)
//
// with this CDDL (RFC 8610):
//
//	message   = [kind: uint, body: {* uint => any}]   ; at most 16 KiB
//	hello     = [1, {? 1: name, ? 2: agent, ? 3: [* codec], ? 4: [* codec], ? 5: uint, ? 6: uint}]
//	                                        ; video, audio it can decode; bit/s of a thin path, see firstTrain;
//	                                        ; largest picture it decodes in pixels, default 1920x1080
//	ring      = [2, {? 1: secret, ? 2: secret}] ; of a ticket, once; of a call that was lost and goes on
//	accept    = [3, {}]
//	decline   = [4, {? 1: reason, ? 2: uint}]  ; code: ticket 1 used, 2 expired, 3 unknown; room 4 not here,
//	                                        ; 5 locked; 6 removed; 7 another passphrase; 8 linked already; 9 full
//	busy      = [5, {}]
//	streams   = [6, {1: bool, 2: bool, ? 3: bool, ? 4: bool}]  ; whether sound and pictures are sent; on hold; hand raised
//	chat      = [7, {1: id, 2: text, ? 3: bool}]  ; text of at most 4 KiB; to one member alone
//	chat-ack  = [8, {1: id}]
//	bye       = [9, {? 1: reason, ? 2: bool, ? 3: uint}] ; whether the call goes on elsewhere; why not in the room, as in decline
//	add-lane  = [10, {1: bstr .size 16}]    ; first and only message of a further connection
//	want-lane = [11, {}]                    ; asks the dialler for one more
//	ringing   = [12, {}]                    ; the ring has come and waits for a person
//	sas-commit = [13, {1: bstr .size 32}]   ; see certs.SAS
//	sas-reveal = [14, {1: bstr .size 32}]
//	puzzle    = [15, {1: bits}]             ; to a stranger who rings; bits at most 22
//	proof     = [16, {1: nonce}]
//	candidates = [17, {? 1: [* candidate]}]  ; at most 16
//	join      = [18, {1: bstr .size 16, 2: instance, ? 3: share, ? 4: addrs}]  ; MAC of the room's name
//	challenge = [19, {1: share, 2: tag}]    ; see certs.PassphraseOffer
//	response  = [20, {1: tag}]
//	admitted  = [21, {1: instance, ? 2: addrs, ? 3: name}]
//	members   = [22, {? 1: [*32 member], ? 2: [*64 ruling], ? 3: lock}]
//	wish      = [23, {1: uint, 2: uint}]    ; width, height of the largest picture shown of the receiver
//	ask-room  = [24, {}]
//	room-info = [25, {1: tstr, ? 2: [*32 name]}]
//	member    = [peer, instance, addrs]     ; to whom the sender has a live link
//	ruling    = [peer, removed: bool, counter: uint]  ; the higher counter counts, then removal
//	lock      = [locked: bool, counter: uint, by: peer]  ; the higher counter counts, then the greater peer
//	addrs     = [*8 bstr]                   ; IPv4 or IPv6 address and port, big-endian
//	instance  = bstr .size 8                ; of one run of a member's program
//	peer = share = tag = bstr .size 32
//	candidate = [kind: 1..4, bstr]          ; IPv4 or IPv6 address and port, big-endian; see CandidateKind
//	secret    = bstr .size 16
//	name = agent = reason = tstr .size (0..256)
//	codec = tstr .size (0..32)
//	text = tstr
//	id = bits = nonce = uint
//
// A proof answers a puzzle if SHA-256 over the 32 bytes that both sides export from
// TLS as "EXPORTER-prattle-puzzle" and the nonce (64, big-endian) begins with so
// many zero bits.
//
// In a room Join takes the place of Ring, and each side says Admitted when it lets
// the other in; media flow once both have. The MAC of the room's name is
// HMAC-SHA-256 under the 32 bytes that both sides export from TLS as
// "EXPORTER-prattle-room-name", cut to 16 bytes: who does not know the name learns
// nothing of it.
//
// Hello comes first, each way, and once. Messages of unknown kinds are skipped;
// malformed ones close the connection. No more than 50 messages a second are read:
// a sender of more has to wait.
//
// CONNECTION_CLOSE has one of these codes:
//
//	0  the call is over
//	1  malformed or unexpected messages
//	2  the peer is not who it should be
//	3  not wanted here
//	4  wanted no more
//	5  too many others are here
package quicproto
