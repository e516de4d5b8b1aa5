// Command gen_layout prints what the debug information of a Go executable says about the structs listed in layout/fields.h.
//
// It is the oracle behind the helper's layout tables: it shares no code with the helper and reads DWARF with Go's own
// debug/dwarf.  One line a fact, in the order of fields.h:
//
//	go go1.27.4
//	struct KEY SIZE NAME
//	field KEY FIELD OFFSET SIZE PATH
//	pruned KEY NAMES
//	missing KEY FIELD PATHS            (a required field only)
//
// Usage: gen_layout FIELDS_H EXECUTABLE
package main

import (
	"bufio"
	"debug/buildinfo"
	"debug/dwarf"
	"debug/elf"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// field is one F or O line of fields.h.
type field struct {
	key      string
	paths    []string
	required bool
}

// strukt is one S … E section of fields.h.
type strukt struct {
	key    string
	names  []string
	fields []field
}

var (
	structLine = regexp.MustCompile(`^S\((\w+), "([^"]+)"\)`)
	fieldLine  = regexp.MustCompile(`^([FO])\((\w+), (\w+), "([^"]+)"\)`)
)

// readList parses fields.h as text.
func readList(path string) ([]strukt, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var list []strukt
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if m := structLine.FindStringSubmatch(lines.Text()); m != nil {
			list = append(list, strukt{key: m[1], names: strings.Split(m[2], "|")})
			continue
		}
		m := fieldLine.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		if len(list) == 0 || list[len(list)-1].key != m[2] {
			return nil, fmt.Errorf("%s: field %s is outside of its struct", path, m[3])
		}
		last := &list[len(list)-1]
		last.fields = append(last.fields, field{m[3], strings.Split(m[4], "|"), m[1] == "F"})
	}
	return list, lines.Err()
}

// wantedTypes finds the struct types that the list names.
func wantedTypes(data *dwarf.Data, list []strukt) (map[string]*dwarf.StructType, error) {
	wanted := map[string]bool{}
	for _, s := range list {
		for _, name := range s.names {
			wanted[name] = true
		}
	}
	found := map[string]*dwarf.StructType{}
	for reader := data.Reader(); ; {
		entry, err := reader.Next()
		if err != nil {
			return nil, err
		}
		if entry == nil {
			return found, nil
		}
		name, _ := entry.Val(dwarf.AttrName).(string)
		if entry.Tag == dwarf.TagStructType && wanted[name] {
			typ, err := data.Type(entry.Offset)
			if err != nil {
				return nil, err
			}
			found[name] = typ.(*dwarf.StructType)
		}
		if entry.Tag == dwarf.TagSubprogram {
			reader.SkipChildren()
		}
	}
}

// member follows a path such as sched.pc through nested structs.
func member(typ dwarf.Type, path string) (offset, size int64, ok bool) {
	for _, name := range strings.Split(path, ".") {
		for {
			def, is := typ.(*dwarf.TypedefType)
			if !is {
				break
			}
			typ = def.Type
		}
		outer, is := typ.(*dwarf.StructType)
		if !is {
			return 0, 0, false
		}
		ok = false
		for _, f := range outer.Field {
			if f.Name == name {
				offset, typ, ok = offset+f.ByteOffset, f.Type, true
				break
			}
		}
		if !ok {
			return 0, 0, false
		}
	}
	return offset, typ.Size(), true
}

// facts are the lines for one struct under one of its names; hits counts the fields found.
func facts(s strukt, name string, typ *dwarf.StructType) (lines []string, hits int) {
	lines = append(lines, fmt.Sprintf("struct %s %d %s", s.key, typ.ByteSize, name))
	for _, f := range s.fields {
		hit := false
		for _, path := range f.paths {
			offset, size, ok := member(typ, path)
			if !ok {
				continue
			}
			lines = append(lines, fmt.Sprintf("field %s %s %d %d %s", s.key, f.key, offset, size, path))
			hits, hit = hits+1, true
			break
		}
		if !hit && f.required {
			lines = append(lines, fmt.Sprintf("missing %s %s %s", s.key, f.key, strings.Join(f.paths, "|")))
		}
	}
	return lines, hits
}

func run(listPath, exe string) error {
	list, err := readList(listPath)
	if err != nil {
		return err
	}
	info, err := buildinfo.ReadFile(exe)
	if err != nil {
		return err
	}
	file, err := elf.Open(exe)
	if err != nil {
		return err
	}
	defer file.Close()
	data, err := file.DWARF()
	if err != nil {
		return err
	}
	types, err := wantedTypes(data, list)
	if err != nil {
		return err
	}
	fmt.Println("go", info.GoVersion)
structs:
	for _, s := range list {
		for _, name := range s.names {
			if types[name] == nil {
				continue
			}
			if lines, hits := facts(s, name, types[name]); hits > 0 {
				fmt.Println(strings.Join(lines, "\n"))
				continue structs
			}
		}
		fmt.Println("pruned", s.key, strings.Join(s.names, "|"))
	}
	return nil
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: gen_layout FIELDS_H EXECUTABLE")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "gen_layout:", err)
		os.Exit(1)
	}
}
