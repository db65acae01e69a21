import Tracking

/// What a config can ask for without a type of the program's: `data = "connection"` in `[[subscriptions]]`. Each is a subscription that writes lines. What they
/// keep for a connection stands in <doc:DataTypes>: most next to nothing, so that hundreds of them cost what their filters cost.
///
/// A protocol's sessions become one by a type beside the others here, and a line in `all`; formats other than JSON lines need its columns (`LogSchema`).
public enum DataTypes {
    public static var all: [AnySubscription] {
        [
            PacketData.self, ConnectionPacketData.self, StreamData.self, ConnectionData.self, EstablishedData.self, TickData.self,
            FiveTupleData.self, PayloadData.self, PacketListData.self, HistoryData.self,
            StatisticsData.self, FeaturesData.self, ChunkData.self,
            StreamHashData.self, ByteStreamData.self,
            TLSData.self, DNSData.self,
            DTLSData.self,
            X509Data.self,
            PostgreSQLData.self,
            MySQLData.self,
            RedisData.self,
            MongoDBData.self,
            QUICData.self,
            HTTPData.self,
            HTTPBodiesData.self,
            HTTP2Data.self,
            HTTP2BodiesData.self,
            SSHData.self,
            SMTPData.self,
            DHCPData.self,
            NTPData.self,
            SIPData.self,
        ]
    }
}
