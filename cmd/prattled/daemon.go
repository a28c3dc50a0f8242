package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto/relay"
	"github.com/skulltech/prattle/quicproto/rendezvous"
	"github.com/skulltech/prattle/quicproto/rendezvous/natsdirectory"
)

// daemon is the server with all its parts.
type daemon struct {
	settings *settings
	log      *slog.Logger
	id       *certs.Identity
	registry *prometheus.Registry
	offer    *offer

	socket     *net.UDPConn
	listeners  []net.Listener // of the rendezvous alone, over TLS
	rendezvous *rendezvous.Server
	directory  *natsdirectory.Directory // nil: this server stands alone
	relay      *relay.Server            // nil: there is none
	relaying   *relayMetrics            // of the relay
	metrics    net.Listener             // nil: nobody asked for them
	http       *http.Server

	draining atomic.Bool
}

// serve runs until a signal stops it.
func serve(ctx context.Context, s *settings, out, log io.Writer) error {
	if err := s.check(); err != nil {
		return err
	}
	// quic-go logs to stderr when the kernel gives it smaller buffers than it likes;
	// the rendezvous needs a tenth of them.
	os.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true")
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGTERM, os.Interrupt)
	defer signal.Stop(signals)
	d := &daemon{settings: s, log: openLog(log, s), registry: newRegistry()}
	defer d.close()
	address, err := d.open()
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(out, "%v@%s\n", d.id.ID(), address); err != nil {
		return err
	}
	return d.run(ctx, signals)
}

// open opens everything, and returns the address of the rendezvous as clients know it.
func (d *daemon) open() (address string, err error) {
	if err := d.openIdentity(); err != nil {
		return "", err
	}
	listen, err := parseListen("listen", d.settings.listen)
	if err != nil {
		return "", err
	}
	// One socket for both families, where there are two.
	at := net.UDPAddrFromAddrPort(listen[len(listen)-1])
	if d.socket, err = net.ListenUDP("udp", at); err != nil {
		return "", fmt.Errorf("listen for the rendezvous: %w", err)
	}
	if err := d.openTLS(); err != nil {
		return "", err
	}
	if err := d.openRendezvous(); err != nil {
		return "", err
	}
	host := publicHost(d.settings, listen[len(listen)-1].Addr())
	if err := d.openRelay(host); err != nil {
		return "", err
	}
	if d.settings.metrics != "" {
		if d.metrics, err = net.Listen("tcp", d.settings.metrics); err != nil {
			return "", fmt.Errorf("listen for /metrics: %w", err)
		}
	}
	_, port, err := net.SplitHostPort(d.socket.LocalAddr().String())
	return net.JoinHostPort(host, port), err
}

// openTLS opens the TCP listeners of the rendezvous that are not the relay's too.
func (d *daemon) openTLS() error {
	if d.settings.listenTLS == "" || d.settings.sharesTLS() {
		return nil
	}
	addrs, err := parseListen("listen-tls", d.settings.listenTLS)
	if err != nil {
		return err
	}
	for _, a := range addrs {
		network := "tcp4" // else that of all addresses would be for both families
		if a.Addr().Is6() {
			network = "tcp6"
		}
		l, err := net.Listen(network, a.String())
		if err != nil {
			return fmt.Errorf("listen for the rendezvous with TLS: %w", err)
		}
		d.listeners = append(d.listeners, l)
	}
	return nil
}

func (d *daemon) openIdentity() error {
	path, err := d.settings.identityPath()
	if err != nil {
		return err
	}
	d.id, err = certs.LoadOrCreate(path, nil)
	return err
}

func (d *daemon) openRelay(host string) error {
	secrets, err := loadSecrets(d.settings.secret, d.id)
	if err != nil {
		return err
	}
	d.relaying = newRelayMetrics(d.registry)
	config, wanted, err := relayConfig(d.settings, secrets, d.relaying, d.log)
	if err != nil {
		return err
	}
	if d.settings.sharesTLS() {
		config.Neighbour = &relay.Neighbour{Protocol: rendezvous.ALPN, Admit: d.rendezvous.Admit}
	}
	if wanted {
		if d.relay, err = relay.Listen(config); err != nil {
			return err
		}
	}
	if d.offer, err = newOffer(d.settings, host, d.relay); err != nil {
		return err
	}
	d.offer.secret.Store(&secrets[0])
	return nil
}

func (d *daemon) openRendezvous() error {
	allowed, err := loadWhom(d.settings)
	if err != nil {
		return err
	}
	services := func(p certs.PeerID, now time.Time) rendezvous.Services { return d.offer.services(p, now) }
	config := rendezvous.ServerConfig{Identity: d.id, Allowed: allowed, Services: services, Log: d.log}
	if d.settings.nats != "" {
		d.directory, err = natsdirectory.Open(natsdirectory.Config{
			URL: d.settings.nats, Credentials: d.settings.natsCredentials, RootCAs: d.settings.natsCA, Log: d.log,
		})
		if err != nil {
			return &configError{err, "--nats nats://HOST:PORT; credentials come from a file, --nats-credentials"}
		}
		config.Directory = d.directory
	}
	if d.rendezvous, err = rendezvous.NewServer(config); err != nil {
		return err
	}
	d.registry.MustRegister(rendezvousMetrics{d.rendezvous})
	return nil
}

// close frees what open has taken. The order is that in which others notice.
func (d *daemon) close() {
	if d.directory != nil {
		d.directory.Close()
	}
	if d.relay != nil {
		d.relay.Close()
	}
	for _, l := range d.listeners {
		l.Close()
	}
	if d.socket != nil {
		d.socket.Close()
	}
	if d.metrics != nil {
		d.metrics.Close()
	}
}

// run serves until SIGTERM, or until something breaks.
func (d *daemon) run(ctx context.Context, signals <-chan os.Signal) error {
	ctx, stop := context.WithCancel(ctx)
	broken := make(chan error, 2)
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	running.Go(func() { broken <- d.rendezvous.Serve(ctx, d.socket, d.listeners...) })
	if d.metrics != nil {
		d.http = newHTTPServer(d.registry, d.health)
		running.Go(func() { broken <- serveHTTP(d.http, d.metrics) })
		defer d.http.Close()
	}
	d.log.Info("serving", "peer", d.id.ID().Short(), "version", version, "relay", d.relay != nil, "tls", d.settings.sharesTLS() || len(d.listeners) > 0, "nats", d.directory != nil)
	notify("READY=1")
	for {
		select {
		case err := <-broken:
			return err
		case s := <-signals:
			if s == syscall.SIGHUP {
				d.reload()
				continue
			}
			d.drain(ctx, signals)
			return nil
		}
	}
}

// health is what is wrong, for whoever decides on more servers or fewer.
func (d *daemon) health() error {
	switch {
	case d.draining.Load():
		return errors.New("draining")
	case d.directory != nil && d.directory.Err() != nil:
		return errors.New("NATS is away: other servers' peers cannot be reached")
	}
	return nil
}

// reload reads again what can change while the server runs. What cannot be read stays
// as it is.
func (d *daemon) reload() {
	if allowed, err := loadWhom(d.settings); err != nil {
		d.log.Error("reload: peers stay as they are", "error", err)
	} else {
		d.rendezvous.SetAllowed(allowed)
	}
	if err := d.reloadRelay(); err != nil {
		d.log.Error("reload: the relay stays as it is", "error", err)
	}
	d.log.Info("reloaded")
}

func (d *daemon) reloadRelay() error {
	secrets, err := loadSecrets(d.settings.secret, d.id)
	if err != nil {
		return err
	}
	if d.relay != nil {
		config, _, err := relayConfig(d.settings, secrets, d.relaying, d.log)
		if err != nil {
			return err
		}
		if err := d.relay.Reload(config); err != nil {
			return err
		}
	}
	d.offer.secret.Store(&secrets[0])
	return nil
}

// farewell is how long clients may take to find another server.
const farewell = 7 * time.Second

// drain sends the clients to the other servers, if there are any, and waits for the
// relayed calls, until --drain has passed or a second signal comes.
func (d *daemon) drain(ctx context.Context, signals <-chan os.Signal) {
	d.draining.Store(true)
	d.log.Info("draining")
	notify("STOPPING=1")
	ctx, cancel := context.WithTimeout(ctx, d.settings.drain)
	defer cancel()
	var parts sync.WaitGroup
	if d.directory != nil {
		parts.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, farewell)
			defer cancel()
			d.rendezvous.Drain(ctx)
		})
	}
	if d.relay != nil {
		parts.Go(func() { d.relay.Drain(ctx) })
	}
	drained := make(chan struct{})
	go func() {
		parts.Wait()
		close(drained)
	}()
	for {
		select {
		case <-drained:
			d.log.Info("stopped")
			return
		case s := <-signals:
			if s != syscall.SIGHUP {
				cancel()
			}
		}
	}
}
