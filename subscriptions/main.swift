import Fovea

FoveaCommand.main(subscriptions: [ServerNames.self, ConnectionLog.self, PacketCounter.self, TLSFeatures.self])
