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
//	             (RFC 4585), APP "LOSS"
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
//	hello     = [1, {? 1: name, ? 2: agent, ? 3: [* codec], ? 4: [* codec]}]  ; video, audio it can decode
//	ring      = [2, {}]
//	accept    = [3, {}]
//	decline   = [4, {? 1: reason}]
//	busy      = [5, {}]
//	streams   = [6, {1: bool, 2: bool}]     ; whether sound and pictures are sent
//	chat      = [7, {1: id, 2: text}]       ; text of at most 4 KiB
//	chat-ack  = [8, {1: id}]
//	bye       = [9, {? 1: reason}]
//	add-lane  = [10, {1: bstr .size 16}]    ; first and only message of a further connection
//	name = agent = codec = reason = text = tstr
//	id = uint
//
// Hello comes first, each way, and once. Messages of unknown kinds are skipped;
// malformed ones close the connection with code 1.
package quicproto
