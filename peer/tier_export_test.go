package peer

// SetWish stands for the other side's word on how large it shows our picture.
func (l *Link) SetWish(width, height int) { l.setWish(width, height) }
