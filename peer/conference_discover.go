package peer

// discover begins to look for the other members on the local networks; nil if that is
// not wanted, or cannot be.
func (c *Conference) discover() *discovery {
	if !c.opts.Announce && !c.opts.Discover {
		return nil
	}
	u := udpAddr(c.room.endpoint.Addr())
	if u == nil {
		return nil // a network of tests
	}
	d, err := openDiscovery(discoveryConfig{
		room:     c.opts.Name,
		instance: c.self,
		listen:   u.AddrPort(),
		announce: c.opts.Announce,
		log:      c.room.cfg.Log,
	})
	if err != nil {
		c.room.cfg.Log.Warn("cannot look for members", "reason", err)
		c.mu.Lock()
		c.problem = err
		c.mu.Unlock()
		c.tellRoom()
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.discovery = d
	return d
}

// found is where members that discovery has found come from.
func (c *Conference) found(d *discovery) <-chan sighting {
	if d == nil || !c.opts.Discover {
		return nil
	}
	return d.sightings()
}
