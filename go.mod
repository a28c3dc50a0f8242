module github.com/skulltech/prattle

go 1.26.0

// Why each direct dependency is here:
require (
	github.com/charmbracelet/x/ansi v0.11.9 // terminal view: widths and escape sequences
	github.com/fxamacker/cbor/v2 v2.9.6 // control messages, with limits on what a peer may send
	github.com/gordonklaus/portaudio v0.0.0-20250206071425-98a94950218b // microphone and speaker
	github.com/gtank/ristretto255 v0.2.0 // the group in which a room's passphrase is proved (CPace)
	github.com/hraban/opus v0.0.0-20260708213942-bde8e4304501 // sound codec
	github.com/huin/goupnp v1.3.1 // ports on routers (UPnP), as candidates
	github.com/jackpal/go-nat-pmp v1.1.0 // ports on routers (NAT-PMP), as candidates
	github.com/klauspost/reedsolomon v1.14.2 // forward error correction across the packets of a frame
	github.com/mdp/qrterminal/v3 v3.2.1 // peer IDs and tickets as QR codes in the terminal
	github.com/nats-io/nats-server/v2 v2.15.2 // tests: that NATS, in process
	github.com/nats-io/nats.go v1.55.0 // prattled: several servers that share who is registered
	github.com/pelletier/go-toml/v2 v2.4.3 // the configuration file
	github.com/pion/logging v0.2.4 // the loggers that pion/turn asks for
	github.com/pion/rtcp v1.2.20 // feedback packets (RFC 8888, RFC 4585)
	github.com/pion/rtp v1.10.6 // media packets (RFC 3550)
	github.com/pion/stun/v4 v4.0.1 // addresses as others see them (RFC 8489)
	github.com/pion/turn/v5 v5.1.2 // relays (RFC 8656): client, and server in prattled
	github.com/prometheus/client_golang v1.25.0 // prattled: metrics
	github.com/quic-go/quic-go v0.65.0 // QUIC with datagrams
	github.com/rogpeppe/go-internal v1.16.0 // command-line tests as scripts
	github.com/spf13/cobra v1.10.2 // command line
	github.com/spf13/pflag v1.0.9 // the flags of cobra, where settings are applied to them
	go.uber.org/goleak v1.3.0 // tests: no goroutine outlives its owner
	gocv.io/x/gocv v0.43.0 // camera and window (prattle-opencv)
	golang.org/x/crypto v0.58.0 // scrypt and Argon2id, for passphrases of identities and rooms
	golang.org/x/image v0.47.0 // text and marks on the window
	golang.org/x/net v0.60.0 // which address of ours a packet came to and leaves from; multicast, DNS messages
	golang.org/x/sys v0.49.0 // CPU and memory figures, file modes
	golang.org/x/term v0.47.0 // terminal size and raw mode
	golang.org/x/text v0.43.0 // passphrases of rooms, alike however they were typed
	golang.org/x/time v0.16.0 // rates: in prattled per peer and source, of what is heard on the local network
	gonum.org/v1/plot v0.17.0 // the pictures of the scoreboard (peer/quality); not in any program
	pgregory.net/rapid v1.3.0 // tests: random event sequences
)

require (
	codeberg.org/go-fonts/liberation v0.5.0 // indirect
	codeberg.org/go-latex/latex v0.2.0 // indirect
	codeberg.org/go-pdf/fpdf v0.11.1 // indirect
	filippo.io/edwards25519 v1.2.0 // indirect
	git.sr.ht/~sbinet/gg v0.7.0 // indirect
	github.com/ajstarks/svgo v0.0.0-20211024235047-1546f124cd8b // indirect
	github.com/antithesishq/antithesis-sdk-go v0.8.0-default-no-op // indirect
	github.com/beorn7/perks v1.0.1 // indirect
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/clipperhouse/displaywidth v0.11.0 // indirect
	github.com/clipperhouse/uax29/v2 v2.7.0 // indirect
	github.com/golang/freetype v0.0.0-20170609003504-e2365dfdc4a0 // indirect
	github.com/google/go-tpm v0.9.8 // indirect
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/klauspost/cpuid/v2 v2.3.0 // indirect
	github.com/lucasb-eyer/go-colorful v1.4.1 // indirect
	github.com/mattn/go-runewidth v0.0.27 // indirect
	github.com/minio/highwayhash v1.0.4 // indirect
	github.com/munnerz/goautoneg v0.0.0-20191010083416-a7dc8b61c822 // indirect
	github.com/nats-io/jwt/v2 v2.8.2 // indirect
	github.com/nats-io/nkeys v0.4.16 // indirect
	github.com/nats-io/nuid v1.0.1 // indirect
	github.com/pion/dtls/v3 v3.1.9 // indirect
	github.com/pion/randutil v0.1.0 // indirect
	github.com/pion/transport/v5 v5.0.0 // indirect
	github.com/prometheus/client_model v0.6.3 // indirect
	github.com/prometheus/common v0.72.0 // indirect
	github.com/prometheus/procfs v0.22.0 // indirect
	github.com/wlynxg/anet v0.0.5 // indirect
	github.com/x448/float16 v0.8.4 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/tools v0.51.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
	rsc.io/qr v0.2.0 // indirect
)
