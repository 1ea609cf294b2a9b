// Command golog checks a published log with other people's code: the Go checksum database's note and tlog packages,
// and transparency.dev's merkle and formats. It reads nothing but the log's folder and the verifier key.
//
//	golog log FOLDER VKEY      checkpoint, every tile, every entry, every inclusion proof, growth between checkpoints
//	golog proof FOLDER VKEY    every proofs/*.tlog-proof of an unpacked evidence bundle
package main

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tileHeight = 8

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: golog log|proof FOLDER VKEY")
		os.Exit(64)
	}
	verifier, err := note.NewVerifier(os.Args[3])
	if err == nil {
		switch os.Args[1] {
		case "log":
			err = checkLog(os.Args[2], verifier)
		case "proof":
			err = checkProofs(os.Args[2], verifier)
		default:
			err = errors.New("neither log nor proof")
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "FAULT", err)
		os.Exit(1)
	}
}

func openCheckpoint(data []byte, verifier note.Verifier) (*log.Checkpoint, error) {
	checkpoint, rest, _, err := log.ParseCheckpoint(data, verifier.Name(), verifier)
	if err != nil {
		return nil, err
	}
	if len(rest) != 0 {
		return nil, errors.New("the checkpoint has extension lines")
	}
	return checkpoint, nil
}

// folderTiles is a tlog.TileReader over files.
type folderTiles struct{ folder string }

func (f folderTiles) Height() int { return tileHeight }

func (f folderTiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (f folderTiles) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(tiles))
	for i, tile := range tiles {
		data, err := os.ReadFile(filepath.Join(f.folder, tilePath(tile)))
		if err != nil {
			return nil, err
		}
		out[i] = data
	}
	return out, nil
}

// tilePath is C2SP's: Go's own path has the height in front.
func tilePath(tile tlog.Tile) string {
	return strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
}

func checkLog(folder string, verifier note.Verifier) error {
	data, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		return err
	}
	checkpoint, err := openCheckpoint(data, verifier)
	if err != nil {
		return err
	}
	size := int64(checkpoint.Size)
	tree := tlog.Tree{N: size}
	copy(tree.Hash[:], checkpoint.Hash)
	// The reader checks every tile that it reads against the tree's root.
	reader := tlog.TileHashReader(tree, folderTiles{folder})

	leaves := make([]tlog.Hash, 0, size)
	for start := int64(0); start < size; start += 1 << tileHeight {
		entries, err := readBundle(folder, start, size)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			leaves = append(leaves, tlog.RecordHash(entry))
		}
	}
	if int64(len(leaves)) != size {
		return fmt.Errorf("%d entries under a checkpoint of %d", len(leaves), size)
	}
	for i, leaf := range leaves {
		index := int64(i)
		hashes, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
		if err != nil {
			return err
		}
		if hashes[0] != leaf {
			return fmt.Errorf("entry %d is not the one in its tile", index)
		}
		path, err := tlog.ProveRecord(size, index, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(path, size, tree.Hash, index, leaf); err != nil {
			return fmt.Errorf("entry %d: %w", index, err)
		}
		if err := proof.VerifyInclusion(
			rfc6962.DefaultHasher, uint64(index), uint64(size), leaf[:], asSlices(path), tree.Hash[:]); err != nil {
			return fmt.Errorf("entry %d: %w", index, err)
		}
	}

	olds, err := checkGrowth(folder, verifier, tree, reader)
	if err != nil {
		return err
	}
	fmt.Printf("ok %d entries, %d checkpoints\n", size, olds)
	return nil
}

// checkGrowth proves the tree of every kept checkpoint to be the beginning of the published one.
func checkGrowth(folder string, verifier note.Verifier, tree tlog.Tree, reader tlog.HashReader) (int, error) {
	names, err := filepath.Glob(filepath.Join(folder, "checkpoints", "*"))
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return 0, err
		}
		old, err := openCheckpoint(data, verifier)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", name, err)
		}
		if filepath.Base(name) != strconv.FormatUint(old.Size, 10) {
			return 0, fmt.Errorf("%s holds the checkpoint of size %d", name, old.Size)
		}
		var oldRoot tlog.Hash
		copy(oldRoot[:], old.Hash)
		var path tlog.TreeProof
		if old.Size > 0 {
			if path, err = tlog.ProveTree(tree.N, int64(old.Size), reader); err != nil {
				return 0, err
			}
			if err := tlog.CheckTree(path, tree.N, tree.Hash, int64(old.Size), oldRoot); err != nil {
				return 0, fmt.Errorf("checkpoint %d: %w", old.Size, err)
			}
		}
		if err := proof.VerifyConsistency(
			rfc6962.DefaultHasher, old.Size, uint64(tree.N), asSlices(path), old.Hash, tree.Hash[:]); err != nil {
			return 0, fmt.Errorf("checkpoint %d: %w", old.Size, err)
		}
	}
	return len(names), nil
}

// readBundle reads the entries from start to the end of their bundle, as C2SP tlog-tiles lays them out.
func readBundle(folder string, start, size int64) ([][]byte, error) {
	width := min(size-start, 1<<tileHeight)
	tile := tlog.Tile{H: tileHeight, L: -1, N: start >> tileHeight, W: int(width)}
	path := strings.Replace(tilePath(tile), "tile/data/", "tile/entries/", 1)
	data, err := os.ReadFile(filepath.Join(folder, path))
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for len(data) > 0 {
		if len(data) < 2 {
			return nil, fmt.Errorf("%s ends inside a length", path)
		}
		length := int(binary.BigEndian.Uint16(data))
		if len(data) < 2+length {
			return nil, fmt.Errorf("%s ends inside an entry", path)
		}
		entries, data = append(entries, data[2:2+length]), data[2+length:]
	}
	if int64(len(entries)) != width {
		return nil, fmt.Errorf("%s holds %d entries", path, len(entries))
	}
	return entries, nil
}

func asSlices(hashes []tlog.Hash) [][]byte {
	out := make([][]byte, len(hashes))
	for i := range hashes {
		out[i] = hashes[i][:]
	}
	return out
}

// checkProofs checks each entry of an evidence bundle by its C2SP tlog-proof.
func checkProofs(folder string, verifier note.Verifier) error {
	names, err := filepath.Glob(filepath.Join(folder, "proofs", "*.tlog-proof"))
	if err != nil {
		return err
	}
	sort.Strings(names)
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		head, checkpointText, found := strings.Cut(string(data), "\n\n")
		lines := strings.Split(head, "\n")
		if !found || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
			return fmt.Errorf("%s is not a tlog-proof", name)
		}
		index, err := strconv.ParseUint(strings.TrimPrefix(lines[1], "index "), 10, 63)
		if err != nil {
			return err
		}
		var path [][]byte
		for _, line := range lines[2:] {
			hash, err := base64.StdEncoding.DecodeString(line)
			if err != nil {
				return err
			}
			path = append(path, hash)
		}
		checkpoint, err := openCheckpoint([]byte(checkpointText), verifier)
		if err != nil {
			return err
		}
		entry, err := os.ReadFile(filepath.Join(folder, "entries", fmt.Sprintf("%d.json", index)))
		if err != nil {
			return err
		}
		leaf := rfc6962.DefaultHasher.HashLeaf(entry)
		if err := proof.VerifyInclusion(
			rfc6962.DefaultHasher, index, checkpoint.Size, leaf, path, checkpoint.Hash); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if len(names) == 0 {
		return errors.New("there are no proofs")
	}
	fmt.Printf("ok %d proofs\n", len(names))
	return nil
}
