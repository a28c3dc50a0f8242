package media

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/image/font/opentype"
)

// systemFonts finds glyphs that the built-in fonts lack in fonts of the system.
// The zero value is ready; files are opened when a glyph is first missing.
type systemFonts struct {
	searched bool
	fonts    []*opentype.Font
}

// systemFontNames are outline fonts with many scripts that are common on the
// three systems, those with the best coverage of names and chat first.
var systemFontNames = []string{
	"NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf", "DroidSansFallbackFull.ttf", "wqy-microhei.ttc", "wqy-zenhei.ttc",
	"NotoSansArabic-Regular.ttf", "NotoSansHebrew-Regular.ttf", "NotoSansDevanagari-Regular.ttf", "NotoSansThai-Regular.ttf",
	"DejaVuSans.ttf", "FreeSans.ttf", "NotoEmoji-Regular.ttf", "Symbola.ttf",
	"PingFang.ttc", "Hiragino Sans GB.ttc", "AppleSDGothicNeo.ttc", "Arial Unicode.ttf", "Apple Symbols.ttf",
	"msyh.ttc", "msgothic.ttc", "malgun.ttf", "segoeui.ttf", "seguisym.ttf", "Nirmala.ttf",
}

// maxFontFiles bounds the search for fonts, in files looked at.
const maxFontFiles = 20000

// having is a font of the system that has r, or nil.
func (s *systemFonts) having(r rune) *opentype.Font {
	if !s.searched {
		s.searched = true
		s.fonts = openFonts(findFonts(fontDirs(), systemFontNames))
	}
	for _, f := range s.fonts {
		if hasGlyph(f, r) {
			return f
		}
	}
	return nil
}

func fontDirs() []string {
	switch runtime.GOOS {
	case "windows":
		return []string{filepath.Join(os.Getenv("WINDIR"), "Fonts")}
	case "darwin":
		return []string{"/System/Library/Fonts", "/Library/Fonts"}
	}
	return []string{"/usr/share/fonts", "/usr/local/share/fonts"}
}

// findFonts returns the paths of the files in dirs that have one of names, in
// the order of names.
func findFonts(dirs, names []string) []string {
	paths := make(map[string]string)
	seen := 0
	for _, dir := range dirs {
		// What cannot be read holds no font for us.
		_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if seen++; seen > maxFontFiles {
				return fs.SkipAll
			}
			if err == nil && !d.IsDir() {
				paths[d.Name()] = path
			}
			return nil
		})
	}
	var found []string
	for _, name := range names {
		if path := paths[name]; path != "" {
			found = append(found, path)
		}
	}
	return found
}

// openFonts opens the files that are fonts; they stay open and are read glyph by
// glyph, since some have 20 MB.
func openFonts(paths []string) []*opentype.Font {
	var fonts []*opentype.Font
	for _, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			continue
		}
		f, err := firstFont(file)
		if err != nil {
			file.Close()
			continue
		}
		fonts = append(fonts, f)
	}
	return fonts
}

func firstFont(file *os.File) (*opentype.Font, error) {
	// A single font is a collection of one.
	c, err := opentype.ParseCollectionReaderAt(file)
	if err != nil {
		return nil, err
	}
	return c.Font(0)
}
