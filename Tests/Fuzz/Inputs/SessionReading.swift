import Filters
import Packets
import Protocols

/// A session of which data types ask more than filters do: what nobody reads while it is parsed, nobody has fuzzed.
protocol ReadForLines {
    /// Something of all that it says.
    var readings: [Any?] { get }
}

extension SessionParser {
    /// Asks a session whatever filters and data types ask.
    static func readAll(of session: Session) {
        for field in fields { field.read(session) { _ in } }
        if let session = session as? any ReadForLines { _ = session.readings }
    }
}

extension SMTPTransaction: ReadForLines {
    var readings: [Any?] { [to, cc, path, lastReply, received, recipients, replyTo, userAgent] }
}

extension SSHHandshake: ReadForLines {
    var readings: [Any?] {
        let banners = [clientBanner, serverBanner].map { banner in banner.map { [$0.protocolVersion, $0.software, $0.comments ?? ""] } }
        let offers = [clientKeyExchange, serverKeyExchange].compactMap { $0 }.map { offer in SSHNameList.allCases.map { (offer.text($0), offer.names($0)) } }
        return [banners, offers, version, hassh, hasshServer, hasshAlgorithms, hasshServerAlgorithms]
    }
}

extension DNSTransaction: ReadForLines {
    var readings: [Any?] {
        [query, response].map { message in
            message.map { message in
                let records = [message.answers, message.authorities, message.additionals].joined()
                return (records.map { $0.data.text($0.type) }, message.questions, message.edns, message.responseCode)
            }
        }
    }
}

extension HTTPExchange: ReadForLines {
    var readings: [Any?] {
        let request = request.map { ($0.host, $0.userName, $0.authorizationScheme, $0.version, $0.head.headers, $0.head.headers("via")) }
        return [request, response.map { ($0.reason, $0.version, $0.head.headers, $0.head.header("content-type")) }, latency, isMalformed]
    }
}

extension HTTP2Exchange: ReadForLines {
    var readings: [Any?] {
        [
            requestHeaders, responseHeaders, requestTrailers, responseTrailers, host, connectProtocol, grpcService, grpcMethod, grpcStatus, grpcMessage, end.name,
            latency,
        ]
    }
}

extension QUICHandshake: ReadForLines {
    var readings: [Any?] {
        [
            history.text(client: client), version.name, lastVersion.name, packetTypes.names, problems.names, close?.name, close?.alert, initialDestination?.bytes,
            offeredProtocols,
        ]
    }
}

extension DHCPExchange: ReadForLines {
    var readings: [Any?] {
        [
            hardwareAddress, hostName, clientName, domainName, assignedAddress, leaseTime, clientMessage, serverMessage, vendorClass, requestedOptions,
            isMalformed,
        ]
    }
}

extension NTPMessage: ReadForLines {
    var readings: [Any?] {
        guard let time else { return [isAnswer] }
        return [time.reference, time.referenceTime.timestamp, time.originTime.timestamp, time.receiveTime.timestamp, time.transmitTime.timestamp]
    }
}
