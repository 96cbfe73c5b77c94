// Verifies exported logs with nothing of ours: golang.org/x/mod/sumdb/note and tlog.
//
//	verify KEYS KEPT DIR ...
//
// KEYS has a verifier key a line, KEPT checkpoints one after another that were kept elsewhere. Prints "ok DIR", or "bad DIR: why".
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type checkpoint struct {
	origin string
	size   int64
	root   tlog.Hash
}

func open(text []byte, keys note.Verifiers) (checkpoint, error) {
	signed, err := note.Open(text, keys)
	if err != nil {
		return checkpoint{}, err
	}
	lines := strings.Split(signed.Text, "\n")
	if len(lines) != 4 {
		return checkpoint{}, fmt.Errorf("a checkpoint has three lines")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return checkpoint{}, err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return checkpoint{}, fmt.Errorf("no root")
	}
	found := checkpoint{origin: lines[0], size: size}
	copy(found.root[:], root)
	if len(signed.Sigs) != 1 || signed.Sigs[0].Name != found.origin {
		return checkpoint{}, fmt.Errorf("signed by another log")
	}
	return found, nil
}

func path(index int64) string {
	text := fmt.Sprintf("%03d", index%1000)
	for index >= 1000 {
		index /= 1000
		text = fmt.Sprintf("x%03d/%s", index%1000, text)
	}
	return text
}

// The file of a tile, whatever its width.
func read(dir, name string, width int64) ([]byte, error) {
	if width < 256 {
		name += fmt.Sprintf(".p/%d", width)
	}
	return os.ReadFile(filepath.Join(dir, "tile", name))
}

func entries(dir string, size int64) ([][]byte, error) {
	var all [][]byte
	for start := int64(0); start < size; start += 256 {
		width := size - start
		if width > 256 {
			width = 256
		}
		data, err := read(dir, "entries/"+path(start/256), width)
		if err != nil {
			return nil, err
		}
		for len(data) > 0 {
			if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
				return nil, fmt.Errorf("an entry is cut off")
			}
			length := int(binary.BigEndian.Uint16(data))
			all = append(all, data[2:2+length])
			data = data[2+length:]
		}
	}
	if int64(len(all)) != size {
		return nil, fmt.Errorf("%d entries, and %d are signed", len(all), size)
	}
	return all, nil
}

func verify(dir string, keys note.Verifiers, kept []checkpoint) error {
	text, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return err
	}
	head, err := open(text, keys)
	if err != nil {
		return err
	}
	records, err := entries(dir, head.size)
	if err != nil {
		return err
	}
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var found []tlog.Hash
		for _, index := range indexes {
			if index >= int64(len(stored)) {
				return nil, fmt.Errorf("hash %d is not there", index)
			}
			found = append(found, stored[index])
		}
		return found, nil
	})
	for n, record := range records {
		more, err := tlog.StoredHashes(int64(n), record, reader)
		if err != nil {
			return err
		}
		stored = append(stored, more...)
	}
	count := 0
	for _, one := range append([]checkpoint{head}, kept...) {
		if one.origin != head.origin {
			continue
		}
		count++
		if one.size > head.size {
			return fmt.Errorf("the log had %d entries, and has %d", one.size, head.size)
		}
		root, err := tlog.TreeHash(one.size, reader)
		if err != nil {
			return err
		}
		if root != one.root {
			return fmt.Errorf("the first %d entries are others", one.size)
		}
	}
	if count < 2 {
		return fmt.Errorf("no checkpoint of %s was kept", head.origin)
	}
	for level, width := 0, head.size; width > 0; level, width = level+1, width>>8 {
		for start := int64(0); start < width; start += 256 {
			part := width - start
			if part > 256 {
				part = 256
			}
			data, err := read(dir, fmt.Sprintf("%d/%s", level, path(start/256)), part)
			if err != nil {
				return err
			}
			if int64(len(data)) != part*tlog.HashSize {
				return fmt.Errorf("a tile of %d bytes", len(data))
			}
			for n := int64(0); n < part; n++ {
				want := stored[tlog.StoredHashIndex(8*level, start+n)]
				if !bytes.Equal(data[n*tlog.HashSize:(n+1)*tlog.HashSize], want[:]) {
					return fmt.Errorf("tile %d of level %d is another", start/256, level)
				}
			}
		}
	}
	return nil
}

func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	var verifiers []note.Verifier
	for _, line := range strings.Fields(string(text)) {
		verifier, err := note.NewVerifier(line)
		if err != nil {
			panic(err)
		}
		verifiers = append(verifiers, verifier)
	}
	keys := note.VerifierList(verifiers...)
	text, err = os.ReadFile(os.Args[2])
	if err != nil {
		panic(err)
	}
	var kept []checkpoint
	lines := strings.SplitAfter(string(text), "\n")
	for start := 0; start+5 <= len(lines); start += 5 {
		one, err := open([]byte(strings.Join(lines[start:start+5], "")), keys)
		if err != nil {
			panic(err)
		}
		kept = append(kept, one)
	}
	for _, dir := range os.Args[3:] {
		why := error(nil)
		for _, log := range []string{"requests", "decisions", "actions"} {
			if err := verify(filepath.Join(dir, log), keys, kept); err != nil && why == nil {
				why = fmt.Errorf("%s: %w", log, err)
			}
		}
		if why == nil {
			fmt.Println("ok", dir)
		} else {
			fmt.Printf("bad %s: %v\n", dir, why)
		}
	}
}
