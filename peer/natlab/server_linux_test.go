package natlab

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"github.com/skulltech/prattle/peer/netns"
	"github.com/skulltech/prattle/peer/prattletest"
)

// A rendezvous is a prattled in a world.
type rendezvous struct {
	*netns.Process
	w     *world
	host  string
	dir   string
	id    string // its peer ID
	flags []string
}

// serve starts a prattled on a host, with its relay, which every side uses that is
// told no other.
func (w *world) serve(host string, flags ...string) *rendezvous {
	w.t.Helper()
	dir := filepath.Join(w.dir, "prattled-"+host)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		w.t.Fatal(err)
	}
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if err := writeCertificate(cert, key, host+".example"); err != nil {
		w.t.Fatal(err)
	}
	w.authority = cert
	flags = append(flags, "--relay", ":3478", "--relay-tls", ":443", "--tls-cert", cert, "--tls-key", key)
	for _, network := range documentation {
		flags = append(flags, "--relay-allow", network)
	}
	return w.serveOnly(host, flags...)
}

// documentation are the networks that stand for the internet in a lab, and that no
// relay serves unless it is told to.
var documentation = []string{"198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"}

// serveOnly starts a prattled on a host that is a rendezvous alone.
func (w *world) serveOnly(host string, flags ...string) *rendezvous {
	w.t.Helper()
	r := &rendezvous{w: w, host: host, dir: filepath.Join(w.dir, "prattled-"+host), flags: flags}
	if err := os.MkdirAll(r.dir, 0o700); err != nil {
		w.t.Fatal(err)
	}
	id := r.identity()
	if i := slices.Index(flags, "--identity"); i >= 0 {
		id = flags[i+1]
	} else {
		r.flags = append([]string{"--identity", id}, flags...)
		prattletest.NewIdentity(w.t, id)
	}
	r.id = prattletest.PeerID(w.t, id)
	r.start()
	w.server = r.id + "@" + host + ".example"
	return r
}

func (r *rendezvous) identity() string { return filepath.Join(r.dir, "identity.pem") }

// start starts the prattled, again with the same identity.
func (r *rendezvous) start() {
	r.w.t.Helper()
	args := append([]string{prattletest.Prattled(r.w.t), "--public", r.host + ".example", "--log-level", "debug"}, r.flags...)
	r.Process = r.w.run(r.host, "msg=serving", nil, nil, args...)
	prattletest.Await(r.w.t, r.Process, 10*time.Second)
}

// writeCertificate writes a certificate that signs itself, for one name.
func writeCertificate(cert, key, name string) error {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}), 0o600),
		os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
}

// kill ends the prattled as a power cut would.
func (r *rendezvous) kill() {
	r.Signal(syscall.SIGKILL)
	<-r.Exited()
}

// coturnUser is who may use coturn.
const coturnUser = "ann:correct-horse"

// startCoturn starts a coturn on a host, at its usual port and at TCP port 443.
func (w *world) startCoturn(host string) {
	w.t.Helper()
	if _, err := exec.LookPath("turnserver"); err != nil {
		w.t.Skip("needs coturn")
	}
	addr := w.Host(host).Addrs(centre)[0].String()
	for _, port := range []string{"3478", "443"} {
		w.run(host, "", nil, nil, "turnserver", "-n", "--no-cli", "--no-tls", "--no-dtls", "--simple-log", "--log-file", "stdout",
			"--listening-ip", addr, "--relay-ip", addr, "--listening-port", port, "--realm", "example", "--lt-cred-mech", "--user", coturnUser,
			"--userdb", filepath.Join(w.dir, "coturn-"+port), "--pidfile", filepath.Join(w.dir, "coturn-"+port+".pid"))
		w.awaitTCP(host, netip.MustParseAddrPort(addr+":"+port))
	}
}

// awaitTCP waits until somebody listens at a host's TCP port.
func (w *world) awaitTCP(host string, addr netip.AddrPort) {
	w.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		err := w.Host(host).Do(func() error {
			c, err := net.DialTimeout("tcp", addr.String(), time.Second)
			if err == nil {
				c.Close()
			}
			return err
		})
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatal(err)
		}
	}
}

// environment is that of each prattle: it trusts the certificate of the server.
func (w *world) environment() []string {
	if w.authority == "" {
		return nil
	}
	return []string{"SSL_CERT_FILE=" + w.authority}
}

// inside is what this program does when it is started in a namespace.
func inside(name string) int {
	switch name {
	case "nats":
		if err := serveNATS(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	default:
		fmt.Fprintln(os.Stderr, "nothing is called", name)
		return 2
	}
	return 0
}

const natsPort = 4222

// serveNATS is a server of NATS until it is told to end.
func serveNATS() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	s, err := natsserver.NewServer(&natsserver.Options{Host: "0.0.0.0", Port: natsPort, NoSigs: true, NoLog: true})
	if err != nil {
		return err
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		return fmt.Errorf("the server of NATS does not become ready")
	}
	fmt.Fprintln(os.Stderr, "ready")
	<-ctx.Done()
	s.Shutdown()
	return nil
}

// startNATS starts a server of NATS on a host and returns its URL.
func (w *world) startNATS(host string) string {
	w.t.Helper()
	own, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	prattletest.Await(w.t, w.run(host, "ready", []string{insideVariable + "=nats"}, nil, own, "nats"), 20*time.Second)
	return fmt.Sprintf("nats://%s.example:%d", host, natsPort)
}
