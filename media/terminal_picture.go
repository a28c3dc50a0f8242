package media

// drawPicture puts f on the screen with its upper left pixel in the upper half of
// cell x, y: one pixel wide and two high in each cell, a bit less if f's height is
// odd. What lies outside the screen is left out.
func (s *screen) drawPicture(f *Frame, x, y int, p palette) {
	for py := 0; py+1 < f.Height; py += 2 {
		row := s.row(y + py/2)
		if row == nil || x < 0 || x >= s.w {
			continue
		}
		end := min(x+f.Width, s.w)
		claim(row, x, end)
		drawPixelRows(row[x:end], f, py, p)
	}
}

// drawPixelRows puts rows py and py+1 of f, of which py is even, into cells.
func drawPixelRows(cells []cell, f *Frame, py int, p palette) {
	upper, lower := f.Y[py*f.YStride:], f.Y[(py+1)*f.YStride:]
	us, vs := f.U[py/2*f.UVStride:], f.V[py/2*f.UVStride:]
	for px := range cells {
		// BT.601, video range, in 1/256.
		u, v := int(us[px/2])-128, int(vs[px/2])-128
		dr, dg, db := 409*v, -100*u-208*v, 516*u
		top, bottom := 298*(int(upper[px])-16)+128, 298*(int(lower[px])-16)+128
		cells[px] = cell{
			text: halfBlock,
			fg:   p.dithered(clampByte((top+dr)>>8), clampByte((top+dg)>>8), clampByte((top+db)>>8), px, py),
			bg:   p.dithered(clampByte((bottom+dr)>>8), clampByte((bottom+dg)>>8), clampByte((bottom+db)>>8), px, py+1),
		}
	}
}
