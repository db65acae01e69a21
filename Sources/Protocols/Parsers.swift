/// The parsers that Fovea brings: those that a filter can ask for by their service's name, and the fields of whose sessions it can ask for.
public enum Parsers {
    public static var all: [any SessionParser.Type] {
        [
            TLSParser.self,
            DNSParser.self,
            DTLSParser.self,
            PostgreSQLParser.self,
            MySQLParser.self,
            RedisParser.self,
            MongoDBParser.self,
            QUICParser.self,
            HTTPParser.self,
            HTTP2Parser.self,
            SSHParser.self,
            SMTPParser.self,
            DHCPParser.self,
            NTPParser.self,
            SIPParser.self,
        ]
    }
}
