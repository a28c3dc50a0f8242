// Package relay is a STUN and TURN server (RFC 8489, RFC 8656) on pion/turn: it
// tells peers their addresses and forwards, for those who hold credentials, packets
// that it cannot read.
//
// Pion speaks the protocol. Ours is what a server on the open Internet needs beside
// it:
//
//   - Who: short-lived credentials in the manner of coturn's use-auth-secret
//     (Credentials), two secrets at once while they are exchanged.
//   - Where to: policy judges each destination, when a client asks for a permission
//     or a channel and again when a packet leaves. Nothing goes to the relay's own
//     machine, except to another allocation of its own; nothing to networks that
//     are not the Internet, unless they are configured.
//   - How much: allocations, packets and bytes by user, requests by source (Limits).
//   - Unproven sources: over UDP an address that holds no allocation gets no more
//     bytes than came from it (sources). RFC 8489 itself would send twice and more as
//     much: a Binding response has 40 bytes (52 with IPv6) where a bare request has
//     20, and the first answer to an Allocate request 68 where that has 28 or 36. So a
//     client whose request is shorter than the answer is answered when it repeats
//     it, after 0.5 s by the RFC's timer. One that pads its request, or sends a
//     Binding indication of 64 bytes or more ahead of it, is answered at once.
//   - Company: the TLS listeners may be those of another protocol too (Neighbour), so
//     that both are at port 443, where most networks let TCP through.
//   - Speed: once a channel is bound its packets no longer pass through pion. They
//     are read, judged and sent in batches (batch, allocation), with segmentation
//     offload on Linux. Pion's events say which channels exist.
package relay
