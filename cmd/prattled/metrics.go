package main

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/skulltech/prattle/quicproto/relay"
	"github.com/skulltech/prattle/quicproto/rendezvous"
)

// newRegistry has what the process does. The rest is registered by those who know.
func newRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "prattled_build_info", Help: "1, with the version as a label.", ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	r.MustRegister(build)
	return r
}

// rendezvousMetrics shows the counts of a rendezvous server.
type rendezvousMetrics struct{ server *rendezvous.Server }

type rendezvousMetric struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(rendezvous.Stats) float64
}

func describe(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("prattled_rendezvous_"+name, help, nil, nil)
}

// describeFor is describe for connections over one transport.
func describeFor(transport, name, help string) *prometheus.Desc {
	return prometheus.NewDesc("prattled_rendezvous_"+name, help, nil, prometheus.Labels{"transport": transport})
}

const (
	helpConnections = "Clients that are connected."
	helpTaken       = "Connections of clients that are served."
)

var rendezvousTable = []rendezvousMetric{
	{describeFor("quic", "connections", helpConnections), prometheus.GaugeValue, func(s rendezvous.Stats) float64 { return float64(s.QUIC.Open) }},
	{describeFor("tls", "connections", helpConnections), prometheus.GaugeValue, func(s rendezvous.Stats) float64 { return float64(s.TLS.Open) }},
	{describeFor("quic", "connections_total", helpTaken), prometheus.CounterValue, func(s rendezvous.Stats) float64 { return float64(s.QUIC.Taken) }},
	{describeFor("tls", "connections_total", helpTaken), prometheus.CounterValue, func(s rendezvous.Stats) float64 { return float64(s.TLS.Taken) }},
	{describe("devices", "Devices that are registered here."), prometheus.GaugeValue, func(s rendezvous.Stats) float64 { return float64(s.Devices) }},
	{describe("refused_total", "Connections refused because there were too many."), prometheus.CounterValue, func(s rendezvous.Stats) float64 { return float64(s.Refused) }},
	{describe("not_allowed_total", "Connections of peers that are not served."), prometheus.CounterValue, func(s rendezvous.Stats) float64 { return float64(s.NotAllowed) }},
	{describe("malformed_total", "Connections that broke the protocol."), prometheus.CounterValue, func(s rendezvous.Stats) float64 { return float64(s.Malformed) }},
	{describe("registers_total", "Requests to register."), prometheus.CounterValue, func(s rendezvous.Stats) float64 { return float64(s.Registers) }},
	{describe("lookups_total", "Requests for the devices of a peer."), prometheus.CounterValue, func(s rendezvous.Stats) float64 { return float64(s.Lookups) }},
	{describe("letters_total", "Letters to be passed on."), prometheus.CounterValue, func(s rendezvous.Stats) float64 { return float64(s.Letters) }},
	{describe("letter_bytes_total", "Bytes of these letters, sealed."), prometheus.CounterValue, func(s rendezvous.Stats) float64 { return float64(s.LetterBytes) }},
	{describe("letters_offline_total", "Letters whose device was not registered."), prometheus.CounterValue, func(s rendezvous.Stats) float64 { return float64(s.Offline) }},
	{describe("letters_busy_total", "Letters that somebody had no room for."), prometheus.CounterValue, func(s rendezvous.Stats) float64 { return float64(s.Busy) }},
}

// Describe implements prometheus.Collector.
func (m rendezvousMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, row := range rendezvousTable {
		out <- row.desc
	}
}

// Collect implements prometheus.Collector.
func (m rendezvousMetrics) Collect(out chan<- prometheus.Metric) {
	stats := m.server.Stats()
	for _, row := range rendezvousTable {
		out <- prometheus.MustNewConstMetric(row.desc, row.kind, row.value(stats))
	}
}

// relayMetrics counts what the relay tells of. It implements relay.Metrics.
type relayMetrics struct {
	allocations prometheus.Gauge
	ages        prometheus.Histogram
	packets     *prometheus.CounterVec
	bytes       *prometheus.CounterVec
	dropped     *prometheus.CounterVec
	refused     *prometheus.CounterVec
}

func newRelayMetrics(r *prometheus.Registry) *relayMetrics {
	counter := func(name, help, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "prattled_relay_" + name, Help: help}, []string{label})
	}
	m := &relayMetrics{
		allocations: prometheus.NewGauge(prometheus.GaugeOpts{Name: "prattled_relay_allocations", Help: "Relayed addresses in use."}),
		ages: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "prattled_relay_allocation_seconds", Help: "How long relayed addresses were in use.",
			Buckets: []float64{10, 60, 300, 900, 3600, 4 * 3600, 24 * 3600},
		}),
		packets: counter("packets_total", "Packets relayed.", "direction"),
		bytes:   counter("bytes_total", "Bytes of the packets relayed.", "direction"),
		dropped: counter("dropped_total", "Packets that the system or a slow client would not take.", "direction"),
		refused: counter("refused_total", "Requests and packets that were not served.", "reason"),
	}
	r.MustRegister(m.allocations, m.ages, m.packets, m.bytes, m.dropped, m.refused)
	return m
}

// AllocationOpened implements relay.Metrics.
func (m *relayMetrics) AllocationOpened() { m.allocations.Inc() }

// AllocationClosed implements relay.Metrics.
func (m *relayMetrics) AllocationClosed(age time.Duration) {
	m.allocations.Dec()
	m.ages.Observe(age.Seconds())
}

// Relayed implements relay.Metrics.
func (m *relayMetrics) Relayed(d relay.Direction, packets, bytes int) {
	m.packets.WithLabelValues(d.String()).Add(float64(packets))
	m.bytes.WithLabelValues(d.String()).Add(float64(bytes))
}

// Dropped implements relay.Metrics.
func (m *relayMetrics) Dropped(d relay.Direction, packets int) {
	m.dropped.WithLabelValues(d.String()).Add(float64(packets))
}

// Refused implements relay.Metrics.
func (m *relayMetrics) Refused(r relay.Reason) { m.refused.WithLabelValues(string(r)).Inc() }
