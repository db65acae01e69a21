/// The commands that Redis 7.4 and Valkey 8 have, and what their first argument is.
enum RedisNames {
    enum FirstArgument {
        /// A key, a channel, or something else that names.
        case key
        /// The name of a command of a family: "CONFIG GET".
        case subcommand
        /// What somebody wants to have stored, run or sent back.
        case value
        /// A password, or the user's name before it.
        case secret
    }

    static func firstArgument(of name: String) -> FirstArgument { special[name] ?? .key }
    static func isCommand(_ name: String) -> Bool { all.contains(name) || special[name] != nil || modules.contains { name.hasPrefix($0) } }

    /// Whether a password may be among a command's arguments.
    static func holdsSecrets(_ name: String) -> Bool {
        name == "AUTH" || name == "HELLO" || name == "MIGRATE" || name == "ACL SETUSER" || name == "CONFIG SET" || name == "SENTINEL SET"
    }

    private static let special: [String: FirstArgument] = [
        "ACL": .subcommand, "CLIENT": .subcommand, "CLUSTER": .subcommand, "COMMAND": .subcommand, "CONFIG": .subcommand, "DEBUG": .subcommand,
        "FUNCTION": .subcommand, "LATENCY": .subcommand, "MEMORY": .subcommand, "MODULE": .subcommand, "OBJECT": .subcommand, "PUBSUB": .subcommand,
        "SCRIPT": .subcommand, "SENTINEL": .subcommand, "SLOWLOG": .subcommand, "XGROUP": .subcommand, "XINFO": .subcommand,
        "ECHO": .value, "EVAL": .value, "EVAL_RO": .value, "PING": .value, "AUTH": .secret,
    ]
    private static let modules = ["JSON.", "FT.", "TS.", "BF.", "CF.", "CMS.", "TOPK.", "TDIGEST.", "GRAPH."]
    private static let all: Set<String> = Set(
        """
        APPEND ASKING BGREWRITEAOF BGSAVE BITCOUNT BITFIELD BITFIELD_RO BITOP BITPOS BLMOVE BLMPOP BLPOP BRPOP BRPOPLPUSH BZMPOP BZPOPMAX BZPOPMIN COPY DBSIZE
        DECR DECRBY DEL DISCARD DUMP EVALSHA EVALSHA_RO EXEC EXISTS EXPIRE EXPIREAT EXPIRETIME FAILOVER FCALL FCALL_RO FLUSHALL FLUSHDB GEOADD GEODIST GEOHASH
        GEOPOS GEORADIUS GEORADIUSBYMEMBER GEOSEARCH GEOSEARCHSTORE GET GETBIT GETDEL GETEX GETRANGE GETSET HDEL HELLO HEXISTS HEXPIRE HGET HGETALL HINCRBY
        HINCRBYFLOAT HKEYS HLEN HMGET HMSET HPEXPIRE HPERSIST HPTTL HRANDFIELD HSCAN HSET HSETNX HSTRLEN HTTL HVALS INCR INCRBY INCRBYFLOAT INFO KEYS LASTSAVE
        LCS LINDEX LINSERT LLEN LMOVE LMPOP LOLWUT LPOP LPOS LPUSH LPUSHX LRANGE LREM LSET LTRIM MGET MIGRATE MONITOR MOVE MSET MSETNX MULTI PERSIST PEXPIRE
        PEXPIREAT PEXPIRETIME PFADD PFCOUNT PFMERGE PSETEX PSUBSCRIBE PSYNC PTTL PUBLISH PUNSUBSCRIBE QUIT RANDOMKEY READONLY READWRITE RENAME RENAMENX REPLCONF
        REPLICAOF RESET RESTORE ROLE RPOP RPOPLPUSH RPUSH RPUSHX SADD SAVE SCAN SCARD SDIFF SDIFFSTORE SELECT SET SETBIT SETEX SETNX SETRANGE SHUTDOWN SINTER
        SINTERCARD SINTERSTORE SISMEMBER SLAVEOF SMEMBERS SMISMEMBER SMOVE SORT SORT_RO SPOP SPUBLISH SRANDMEMBER SREM SSCAN SSUBSCRIBE STRLEN SUBSCRIBE SUBSTR
        SUNION SUNIONSTORE SUNSUBSCRIBE SWAPDB SYNC TIME TOUCH TTL TYPE UNLINK UNSUBSCRIBE UNWATCH WAIT WAITAOF WATCH XACK XADD XAUTOCLAIM XCLAIM XDEL XLEN
        XPENDING XRANGE XREAD XREADGROUP XREVRANGE XSETID XTRIM ZADD ZCARD ZCOUNT ZDIFF ZDIFFSTORE ZINCRBY ZINTER ZINTERCARD ZINTERSTORE ZLEXCOUNT ZMPOP ZMSCORE
        ZPOPMAX ZPOPMIN ZRANDMEMBER ZRANGE ZRANGEBYLEX ZRANGEBYSCORE ZRANGESTORE ZRANK ZREM ZREMRANGEBYLEX ZREMRANGEBYRANK ZREMRANGEBYSCORE ZREVRANGE
        ZREVRANGEBYLEX ZREVRANGEBYSCORE ZREVRANK ZSCAN ZSCORE ZUNION ZUNIONSTORE
        """.split(whereSeparator: \.isWhitespace).map(String.init))
}
