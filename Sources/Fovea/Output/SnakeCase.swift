extension String {
    /// `afterEnd` becomes `after_end`, `notIP` `not_ip`, `ipv6ExtensionCut` `ipv6_extension_cut`, `suppressDPDKOutput` `suppress_dpdk_output`.
    var snakeCased: String {
        var text = ""
        for index in indices {
            let character = self[index]
            if character.isUppercase, index > startIndex {
                let next = self.index(after: index)
                let beginsWord = !self[self.index(before: index)].isUppercase || next < endIndex && self[next].isLowercase
                if beginsWord { text += "_" }
            }
            text += character.lowercased()
        }
        return text
    }
}
