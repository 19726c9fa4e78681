;; The source of the bytes in vectors-module.ts, which docs/CONTRIBUTING.md says how to make: base64 in lines (RFC 2045 section 6.8), a look
;; at text, and a search for lines that begin with certain words.
(module
  (memory (export "memory") 4)
  ;; enc(src, lines, dst): encodes lines*57 bytes at src into lines*78 bytes at dst (76 chars + CRLF)
  (func (export "enc") (param $s i32) (param $lines i32) (param $d i32)
    (local $k i32) (local $v v128) (local $r v128)
    (block $done
      (loop $line
        (br_if $done (i32.eqz (local.get $lines)))
        (local.set $k (i32.const 0))
        (loop $q
          ;; 12 octets a b c ... -> lanes of 16 bits: ab, bc, of which each has two sextets of six bits
          (local.set $v (i8x16.swizzle (v128.load (local.get $s))
            (v128.const i8x16 1 0 2 1 4 3 5 4 7 6 8 7 10 9 11 10)))
          (local.set $v (v128.or
            (v128.or (v128.and (i16x8.shr_u (local.get $v) (i32.const 10)) (v128.const i32x4 0x0000003f 0x0000003f 0x0000003f 0x0000003f))
                     (v128.and (i16x8.shr_u (local.get $v) (i32.const 6)) (v128.const i32x4 0x003f0000 0x003f0000 0x003f0000 0x003f0000)))
            ;; shifted to the left by 4, and by 8
            (i16x8.mul (v128.and (local.get $v) (v128.const i32x4 0x003f03f0 0x003f03f0 0x003f03f0 0x003f03f0)) (v128.const i32x4 0x01000010 0x01000010 0x01000010 0x01000010))))
          (local.set $r (v128.or
            (i8x16.sub_sat_u (local.get $v) (v128.const i8x16 51 51 51 51 51 51 51 51 51 51 51 51 51 51 51 51))
            (v128.and (i8x16.lt_s (local.get $v) (v128.const i8x16 26 26 26 26 26 26 26 26 26 26 26 26 26 26 26 26))
                      (v128.const i8x16 13 13 13 13 13 13 13 13 13 13 13 13 13 13 13 13))))
          ;; 0: 26..51 -> +71 ; 1..10: digits -> -4 ; 11: '+' -> -19 ; 12: '/' -> -16 ; 13: A-Z -> +65
          (v128.store (local.get $d)
            (i8x16.add (local.get $v)
              (i8x16.swizzle (v128.const i8x16 71 -4 -4 -4 -4 -4 -4 -4 -4 -4 -4 -19 -16 65 0 0) (local.get $r))))
          (local.set $s (i32.add (local.get $s) (i32.const 12)))
          (local.set $d (i32.add (local.get $d) (i32.const 16)))
          (local.set $k (i32.add (local.get $k) (i32.const 1)))
          (br_if $q (i32.lt_u (local.get $k) (i32.const 5))))
        ;; 60 bytes / 80 chars were done; step back to 57 / 76 and put CRLF
        (local.set $s (i32.sub (local.get $s) (i32.const 3)))
        (local.set $d (i32.sub (local.get $d) (i32.const 4)))
        (i32.store16 (local.get $d) (i32.const 0x0a0d))
        (local.set $d (i32.add (local.get $d) (i32.const 2)))
        (local.set $lines (i32.sub (local.get $lines) (i32.const 1)))
        (br $line))))
  ;; scan(from, end, every): what there is from `from` to `end`. In front of it there is an LF, and behind it 32 blanks are written, of which
  ;; some are looked at: so a CR at the end is one without LF. Where `every` is 0, the flags 2, 32 and 64 are left out, which takes half the time.
  ;; 1: CR or LF apart from CRLF; 2: other than TAB, CR, LF and printing ASCII; 4: beyond ASCII; 8: NUL; 16: a line of more than 998
  ;; octets; 32: a blank before a CR; 64: a line that begins with F
  (func (export "scan") (param $p i32) (param $end i32) (param $every i32) (result i32)
    (local $v v128) (local $before v128) (local $lone v128) (local $odd v128) (local $all v128) (local $least v128)
    (local $blank v128) (local $from v128) (local $line i32) (local $long i32) (local $ends i32)
    (v128.store (local.get $end) (v128.const i8x16 32 32 32 32 32 32 32 32 32 32 32 32 32 32 32 32))
    (v128.store offset=16 (local.get $end) (v128.const i8x16 32 32 32 32 32 32 32 32 32 32 32 32 32 32 32 32))
    (local.set $least (v128.const i32x4 -1 -1 -1 -1))
    (local.set $line (local.get $p))
    (loop $next
      (local.set $v (v128.load (local.get $p)))
      (local.set $before (v128.load (i32.sub (local.get $p) (i32.const 1))))
      (local.set $lone (v128.or (local.get $lone) (v128.xor
        (i8x16.eq (local.get $v) (v128.const i8x16 10 10 10 10 10 10 10 10 10 10 10 10 10 10 10 10))
        (i8x16.eq (local.get $before) (v128.const i8x16 13 13 13 13 13 13 13 13 13 13 13 13 13 13 13 13)))))
      (local.set $all (v128.or (local.get $all) (local.get $v)))
      (local.set $least (i8x16.min_u (local.get $least) (local.get $v)))
      (if (local.get $every)
        (then
          (local.set $blank (v128.or (local.get $blank) (v128.and
            (i8x16.eq (local.get $v) (v128.const i8x16 13 13 13 13 13 13 13 13 13 13 13 13 13 13 13 13))
            (v128.or (i8x16.eq (local.get $before) (v128.const i8x16 32 32 32 32 32 32 32 32 32 32 32 32 32 32 32 32)) (i8x16.eq (local.get $before) (v128.const i8x16 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9))))))
          (local.set $from (v128.or (local.get $from) (v128.and
            (i8x16.eq (local.get $v) (v128.const i8x16 70 70 70 70 70 70 70 70 70 70 70 70 70 70 70 70))
            (i8x16.eq (local.get $before) (v128.const i8x16 10 10 10 10 10 10 10 10 10 10 10 10 10 10 10 10)))))
          ;; With 1 added, DEL and the octets beyond ASCII are below 33 as signed numbers, too.
          (local.set $odd (v128.or (local.get $odd) (v128.andnot
            (i8x16.lt_s (i8x16.add (local.get $v) (v128.const i8x16 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1)) (v128.const i8x16 33 33 33 33 33 33 33 33 33 33 33 33 33 33 33 33))
            (i8x16.swizzle (v128.const i8x16 0 0 0 0 0 0 0 0 0 -1 -1 0 0 -1 0 0) (local.get $v)))))))
      (local.set $p (i32.add (local.get $p) (i32.const 16)))
      (br_if $next (i32.le_u (local.get $p) (local.get $end))))
    ;; From each line to the last one that begins within 1000 octets: 998, and its CRLF. Where none does, the line is a long one.
    (block $short
      (loop $lines
        (br_if $short (i32.le_s (i32.sub (local.get $end) (local.get $line)) (i32.const 998)))
        (local.set $p (i32.add (local.get $line) (i32.const 984)))
        ;; Back to the last LF, which is at the latest the one in front of the line.
        (loop $back
          (local.set $ends (i8x16.bitmask (i8x16.eq (v128.load (local.get $p)) (v128.const i8x16 10 10 10 10 10 10 10 10 10 10 10 10 10 10 10 10))))
          (if (i32.eqz (local.get $ends))
            (then
              (local.set $p (i32.sub (local.get $p) (i32.const 16)))
              (br $back))))
        (local.set $p (i32.add (local.get $p) (i32.sub (i32.const 32) (i32.clz (local.get $ends)))))
        (if (i32.gt_u (local.get $p) (local.get $line))
          (then
            (local.set $line (local.get $p))
            (br $lines))))
      (local.set $long (i32.const 1)))
    (i32.or
      (i32.or
        (i32.or
          (v128.any_true (local.get $lone))
          (i32.shl (v128.any_true (local.get $odd)) (i32.const 1)))
        (i32.or
          (i32.shl (i32.ne (i8x16.bitmask (local.get $all)) (i32.const 0)) (i32.const 2))
          (i32.shl (i32.eqz (i8x16.all_true (local.get $least))) (i32.const 3))))
      (i32.or
        (i32.shl (local.get $long) (i32.const 4))
        (i32.or
          (i32.shl (v128.any_true (local.get $blank)) (i32.const 5))
          (i32.shl (v128.any_true (local.get $from)) (i32.const 6))))))
  ;; begins(from, end, words): 1 if one of the words begins a line between `from` and `end`, 0 otherwise. A line begins behind each CR and
  ;; LF from `from` on; octets that are not printing ASCII are passed over at its beginning. `words` is a table of 256 words of four octets,
  ;; in lower case, each at the slot that the multiplication below gives; empty slots are 0. From `end` on 64 blanks are
  ;; written, of which some are looked at.
  (func (export "begins") (param $p i32) (param $end i32) (param $words i32) (result i32)
    (local $v v128) (local $ends i64) (local $at i32) (local $octet i32) (local $word i32)
    (v128.store (local.get $end) (v128.const i8x16 32 32 32 32 32 32 32 32 32 32 32 32 32 32 32 32))
    (v128.store offset=16 (local.get $end) (v128.const i8x16 32 32 32 32 32 32 32 32 32 32 32 32 32 32 32 32))
    (v128.store offset=32 (local.get $end) (v128.const i8x16 32 32 32 32 32 32 32 32 32 32 32 32 32 32 32 32))
    (v128.store offset=48 (local.get $end) (v128.const i8x16 32 32 32 32 32 32 32 32 32 32 32 32 32 32 32 32))
    (loop $next
      (local.set $v (v128.load (local.get $p)))
      (local.set $ends (i64.extend_i32_u (i8x16.bitmask (v128.or
        (i8x16.eq (local.get $v) (v128.const i8x16 10 10 10 10 10 10 10 10 10 10 10 10 10 10 10 10))
        (i8x16.eq (local.get $v) (v128.const i8x16 13 13 13 13 13 13 13 13 13 13 13 13 13 13 13 13))))))
      (local.set $v (v128.load offset=16 (local.get $p)))
      (local.set $ends (i64.or (local.get $ends) (i64.shl (i64.extend_i32_u (i8x16.bitmask (v128.or
        (i8x16.eq (local.get $v) (v128.const i8x16 10 10 10 10 10 10 10 10 10 10 10 10 10 10 10 10))
        (i8x16.eq (local.get $v) (v128.const i8x16 13 13 13 13 13 13 13 13 13 13 13 13 13 13 13 13))))) (i64.const 16))))
      (local.set $v (v128.load offset=32 (local.get $p)))
      (local.set $ends (i64.or (local.get $ends) (i64.shl (i64.extend_i32_u (i8x16.bitmask (v128.or
        (i8x16.eq (local.get $v) (v128.const i8x16 10 10 10 10 10 10 10 10 10 10 10 10 10 10 10 10))
        (i8x16.eq (local.get $v) (v128.const i8x16 13 13 13 13 13 13 13 13 13 13 13 13 13 13 13 13))))) (i64.const 32))))
      (local.set $v (v128.load offset=48 (local.get $p)))
      (local.set $ends (i64.or (local.get $ends) (i64.shl (i64.extend_i32_u (i8x16.bitmask (v128.or
        (i8x16.eq (local.get $v) (v128.const i8x16 10 10 10 10 10 10 10 10 10 10 10 10 10 10 10 10))
        (i8x16.eq (local.get $v) (v128.const i8x16 13 13 13 13 13 13 13 13 13 13 13 13 13 13 13 13))))) (i64.const 48))))
      ;; A CR or LF directly before another one begins an empty line, which holds no word; so only the LF of a CRLF is looked behind.
      (local.set $ends (i64.and (local.get $ends) (i64.xor (i64.shr_u (local.get $ends) (i64.const 1)) (i64.const -1))))
      (block $done
        (loop $line
          (br_if $done (i64.eqz (local.get $ends)))
          (local.set $at (i32.add (i32.add (local.get $p) (i32.wrap_i64 (i64.ctz (local.get $ends)))) (i32.const 1)))
          (block $printing
            (loop $blank
              (local.set $octet (i32.load8_u (local.get $at)))
              (br_if $printing (i32.lt_u (i32.sub (local.get $octet) (i32.const 33)) (i32.const 94)))
              ;; A line without a word: the next one is looked at by itself.
              (br_if $printing (i32.eq (local.get $octet) (i32.const 13)))
              (br_if $printing (i32.eq (local.get $octet) (i32.const 10)))
              (br_if $printing (i32.ge_u (local.get $at) (local.get $end)))
              (local.set $at (i32.add (local.get $at) (i32.const 1)))
              (br $blank)))
          (local.set $word (i32.or (i32.load (local.get $at)) (i32.const 0x20202020)))
          (if (i32.eq (local.get $word) (i32.load (i32.add (local.get $words)
                (i32.shl (i32.shr_u (i32.mul (local.get $word) (i32.const 0x9e3779d7)) (i32.const 24)) (i32.const 2)))))
            (then (return (i32.const 1))))
          (local.set $ends (i64.and (local.get $ends) (i64.sub (local.get $ends) (i64.const 1))))
          (br $line)))
      (local.set $p (i32.add (local.get $p) (i32.const 64)))
      (br_if $next (i32.lt_u (local.get $p) (local.get $end))))
    (i32.const 0)))
