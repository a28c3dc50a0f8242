package quicproto

// WriteRaw writes bytes to the control stream as they are.
func WriteRaw(c *Conn, b []byte) error {
	_, err := c.stream.Write(b)
	return err
}

// ClaimLane says on c's control stream that c is a lane of victim.
func ClaimLane(c, victim *Conn) error {
	token, err := victim.laneToken()
	if err != nil {
		return err
	}
	return c.Send(&addLane{Token: token[:]})
}

// Handshakes is how many incoming handshakes are under way.
func (e *Endpoint) Handshakes() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.gate.open
}
