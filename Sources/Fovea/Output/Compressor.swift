import CZlib
import CZstd
import Glibc

/// Makes of a piece of a file a whole of its own: a gzip member (RFC 1952), a frame of Zstandard (RFC 8878). Such pieces one behind the other are a file, as
/// both formats have it, so a file that ends behind any of them is sound.
final class Compressor {
    private let kind: Compression
    private let stream: UnsafeMutablePointer<z_stream>
    private let context: OpaquePointer?
    private let isReady: Bool

    init(_ kind: Compression) {
        self.kind = kind
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        switch kind {
        case .gzip:
            context = nil
            // 16: with gzip's head and check; 15, 8: as much memory as it likes, 256 KiB.
            let size = Int32(MemoryLayout<z_stream>.size)
            isReady = deflateInit2_(stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size) == Z_OK
        case .zstd:
            context = ZSTD_createCCtx()
            isReady = context != nil && ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)) == 0
        }
    }

    deinit {
        if kind == .gzip, isReady { deflateEnd(stream) }
        if let context { ZSTD_freeCCtx(context) }
        stream.deallocate()
    }

    /// Nil: there was no memory for it.
    func compress(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        guard isReady else { return nil }
        return kind == .gzip ? gzip(bytes) : zstd(bytes)
    }

    private func gzip(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        guard deflateReset(stream) == Z_OK else { return nil }
        let bound = Int(deflateBound(stream, UInt(bytes.count)))
        var answer = Z_OK
        let output = [UInt8](unsafeUninitializedCapacity: bound) { output, count in
            stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.bindMemory(to: UInt8.self).baseAddress)
            stream.pointee.avail_in = UInt32(bytes.count)
            stream.pointee.next_out = output.baseAddress
            stream.pointee.avail_out = UInt32(bound)
            answer = deflate(stream, Z_FINISH)
            count = bound - Int(stream.pointee.avail_out)
        }
        return answer == Z_STREAM_END ? output : nil
    }

    private func zstd(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        let bound = ZSTD_compressBound(bytes.count)
        var isGood = false
        let output = [UInt8](unsafeUninitializedCapacity: bound) { output, count in
            let answer = ZSTD_compress2(context, output.baseAddress, bound, bytes.baseAddress, bytes.count)
            isGood = ZSTD_isError(answer) == 0
            count = isGood ? answer : 0
        }
        return isGood ? output : nil
    }
}
