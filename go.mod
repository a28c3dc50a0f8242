module github.com/skulltech/prattle

go 1.26.0

// Why each direct dependency is here:
require (
	github.com/charmbracelet/x/ansi v0.11.9 // terminal view: widths and escape sequences
	github.com/fxamacker/cbor/v2 v2.9.6 // control messages, with limits on what a peer may send
	github.com/gordonklaus/portaudio v0.0.0-20250206071425-98a94950218b // microphone and speaker
	github.com/hraban/opus v0.0.0-20260708213942-bde8e4304501 // sound codec
	github.com/klauspost/reedsolomon v1.14.2 // forward error correction across the packets of a frame
	github.com/mdp/qrterminal/v3 v3.2.1 // peer IDs and tickets as QR codes in the terminal
	github.com/pelletier/go-toml/v2 v2.4.3 // the configuration file
	github.com/pion/rtcp v1.2.20 // feedback packets (RFC 8888, RFC 4585)
	github.com/pion/rtp v1.10.6 // media packets (RFC 3550)
	github.com/quic-go/quic-go v0.65.0 // QUIC with datagrams
	github.com/rogpeppe/go-internal v1.16.0 // command-line tests as scripts
	github.com/spf13/cobra v1.10.2 // command line
	go.uber.org/goleak v1.3.0 // tests: no goroutine outlives its owner
	gocv.io/x/gocv v0.43.0 // camera and window (prattle-opencv)
	golang.org/x/crypto v0.57.0 // scrypt, for identities with a passphrase
	golang.org/x/image v0.47.0 // text and marks on the window
	golang.org/x/sys v0.49.0 // CPU and memory figures, file modes
	golang.org/x/term v0.47.0 // terminal size and raw mode
	gonum.org/v1/plot v0.17.0 // the pictures of the scoreboard (peer/quality); not in any program
	pgregory.net/rapid v1.3.0 // tests: random event sequences
)

require (
	codeberg.org/go-fonts/liberation v0.5.0 // indirect
	codeberg.org/go-latex/latex v0.2.0 // indirect
	codeberg.org/go-pdf/fpdf v0.11.1 // indirect
	git.sr.ht/~sbinet/gg v0.7.0 // indirect
	github.com/ajstarks/svgo v0.0.0-20211024235047-1546f124cd8b // indirect
	github.com/clipperhouse/displaywidth v0.11.0 // indirect
	github.com/clipperhouse/uax29/v2 v2.7.0 // indirect
	github.com/golang/freetype v0.0.0-20170609003504-e2365dfdc4a0 // indirect
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/klauspost/cpuid/v2 v2.3.0 // indirect
	github.com/lucasb-eyer/go-colorful v1.4.1 // indirect
	github.com/mattn/go-runewidth v0.0.27 // indirect
	github.com/pion/randutil v0.1.0 // indirect
	github.com/spf13/pflag v1.0.9 // indirect
	github.com/x448/float16 v0.8.4 // indirect
	golang.org/x/net v0.59.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	golang.org/x/tools v0.51.0 // indirect
	rsc.io/qr v0.2.0 // indirect
)
