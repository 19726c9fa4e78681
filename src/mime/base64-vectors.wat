;; base64 in lines (RFC 2045 section 6.8): the source of the bytes in base64-vectors.ts, as wat2wasm of WABT makes them.
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
          ;; 12 bytes -> 4 lanes of 24 bit big endian
          (local.set $v (i8x16.swizzle (v128.load (local.get $s))
            (v128.const i8x16 2 1 0 16 5 4 3 16 8 7 6 16 11 10 9 16)))
          (local.set $v
            (v128.or
              (v128.or (i32x4.shr_u (local.get $v) (i32.const 18))
                       (v128.and (i32x4.shr_u (local.get $v) (i32.const 4)) (v128.const i32x4 0x3f00 0x3f00 0x3f00 0x3f00)))
              (v128.or (v128.and (i32x4.shl (local.get $v) (i32.const 10)) (v128.const i32x4 0x3f0000 0x3f0000 0x3f0000 0x3f0000))
                       (v128.and (i32x4.shl (local.get $v) (i32.const 24)) (v128.const i32x4 0x3f000000 0x3f000000 0x3f000000 0x3f000000)))))
          (local.set $r (v128.or
            (i8x16.sub_sat_u (local.get $v) (v128.const i8x16 51 51 51 51 51 51 51 51 51 51 51 51 51 51 51 51))
            (v128.and (i8x16.lt_u (local.get $v) (v128.const i8x16 26 26 26 26 26 26 26 26 26 26 26 26 26 26 26 26))
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
        (br $line)))))
